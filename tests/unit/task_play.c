#include "task_play.h"
#include <stdio.h>
#include <string.h>

enum { THREADS_MAX = 16, NOTES_BYTES = 8192, LOG_BYTES = 16384 };

struct post {
    struct post *next;
    void (*fn)(struct cgw_call *call, void *arg);
    cgw_done_fn *done;
    void *arg;
};

struct job {
    struct job *next;
    void (*fn)(void *arg);
    void *arg;
    cgw_done_fn *done;
    void *done_arg;
};

static struct {
    struct cgw_call home;
    struct play_settings settings;
    uint64_t now_us;
    cgw_timer_fn *timer_fn;
    struct cgw_timer *timer;
    void *timer_arg;
    uint64_t due_us;
    unsigned random;
    char notes[NOTES_BYTES], log[LOG_BYTES];
    size_t log_len;
    int status;

    pthread_mutex_t lock;
    pthread_cond_t posted, given;
    struct post *posts, **last_post;
    struct job *jobs, **last_job;
    size_t n_jobs, n_queued, n_out; /* n_out: given and not through */
    int n_waiting;                  /* threads that wait for the loop */
    pthread_t threads[THREADS_MAX];
    bool is_closing;
} host;

struct runtime *play_runtime;

/* ---- the clock ---- */

static uint64_t now(struct cgw_call *call)
{
    (void)call;
    return host.now_us;
}

static int start_timer(struct cgw_call *call, struct cgw_timer *timer, uint64_t after_us,
                       cgw_timer_fn *fn, void *arg)
{
    (void)call;
    host.timer = timer;
    host.timer_fn = fn;
    host.timer_arg = arg;
    host.due_us = host.now_us + after_us;
    return CGW_OK;
}

static void stop_timer(struct cgw_call *call, struct cgw_timer *timer)
{
    (void)call, (void)timer;
    host.timer = NULL;
}

static void fire(void)
{
    struct cgw_timer *timer = host.timer;
    host.timer = NULL;
    if (host.now_us < host.due_us)
        host.now_us = host.due_us;
    host.timer_fn(&host.home, timer, host.timer_arg);
}

/* ---- letters ---- */

static int put_post(struct post post)
{
    struct post *copy = malloc(sizeof(*copy));
    *copy = post;
    pthread_mutex_lock(&host.lock);
    *host.last_post = copy;
    host.last_post = &copy->next;
    pthread_cond_signal(&host.posted);
    pthread_mutex_unlock(&host.lock);
    return CGW_OK;
}

static int post(struct cgw_call *call, void (*fn)(struct cgw_call *call, void *arg), void *arg)
{
    (void)call;
    return put_post((struct post){.fn = fn, .arg = arg});
}

/* ---- threads ---- */

static struct job *take_job(void)
{
    pthread_mutex_lock(&host.lock);
    while (!host.jobs && !host.is_closing)
        pthread_cond_wait(&host.given, &host.lock);
    struct job *job = host.jobs;
    if (job) {
        host.jobs = job->next;
        host.n_queued--;
        if (!host.jobs)
            host.last_job = &host.jobs;
    }
    pthread_mutex_unlock(&host.lock);
    return job;
}

static void *work(void *arg)
{
    (void)arg;
    for (struct job *job; (job = take_job());) {
        job->fn(job->arg);
        put_post((struct post){.done = job->done, .arg = job->done_arg});
        pthread_mutex_lock(&host.lock);
        host.n_out--;
        pthread_cond_signal(&host.posted);
        pthread_mutex_unlock(&host.lock);
        free(job);
    }
    return NULL;
}

static int run(struct cgw_call *call, void (*fn)(void *arg), void *arg, cgw_done_fn *done,
               void *done_arg)
{
    (void)call;
    struct job *job = malloc(sizeof(*job));
    *job = (struct job){NULL, fn, arg, done, done_arg};
    pthread_mutex_lock(&host.lock);
    bool is_full = host.n_queued >= host.settings.max_queue;
    if (!is_full) {
        *host.last_job = job;
        host.last_job = &job->next;
        host.n_queued++;
        host.n_out++;
        host.n_jobs++;
        pthread_cond_signal(&host.given);
    }
    pthread_mutex_unlock(&host.lock);
    if (!is_full)
        return CGW_PENDING;
    free(job);
    return CGW_EBUSY;
}

static void waits(struct cgw_call *call, int change)
{
    (void)call;
    pthread_mutex_lock(&host.lock);
    host.n_waiting += change;
    pthread_cond_signal(&host.posted);
    pthread_mutex_unlock(&host.lock);
}

/* ---- the rest of the host ---- */

static uint32_t pick(struct cgw_call *call, uint32_t n)
{
    (void)call;
    if (!host.settings.seed)
        return 0;
    host.random = host.random * 1103515245u + 12345u;
    return (host.random >> 8) % n;
}

static void put_line(struct cgw_call *call, int level, const char *message, size_t len)
{
    (void)call, (void)level;
    pthread_mutex_lock(&host.lock);
    if (host.log_len + len + 2 < sizeof(host.log)) {
        memcpy(host.log + host.log_len, message, len);
        host.log_len += len;
        host.log[host.log_len++] = '\n';
        host.log[host.log_len] = '\0';
    }
    pthread_mutex_unlock(&host.lock);
}

static const void *extension(const struct cgw_host *table, const char *id)
{
    static const struct cgw_loop loop = {
        .size = sizeof(loop), .now = now, .timer_start = start_timer, .timer_stop = stop_timer};
    static const struct cgw_thread thread = {.size = sizeof(thread), .run = run};
    static const struct hooks_schedule schedule = {
        .size = sizeof(schedule), .pick = pick, .waits = waits};
    (void)table;
    if (strcmp(id, CGW_EXT_LOOP) == 0)
        return &loop;
    if (strcmp(id, CGW_EXT_THREAD) == 0)
        return &thread;
    return strcmp(id, HOOKS_SCHEDULE) == 0 ? (const void *)&schedule : NULL;
}

static const struct cgw_host table = {.size = sizeof(table),
                                      .abi_major = CGW_ABI_MAJOR,
                                      .name = "play",
                                      .version = "1",
                                      .post = post,
                                      .log = put_line,
                                      .extension = extension};

/* ---- a play ---- */

void play_open(struct play_settings settings)
{
    memset(&host, 0, sizeof(host));
    host.settings = settings;
    host.random = settings.seed * 2654435761u;
    if (!host.settings.threads)
        host.settings.threads = 4;
    if (!host.settings.max_queue)
        host.settings.max_queue = 1000;
    host.home.host = &table;
    host.last_post = &host.posts;
    host.last_job = &host.jobs;
    host.now_us = 1000000;
    pthread_mutex_init(&host.lock, NULL);
    pthread_cond_init(&host.posted, NULL);
    pthread_cond_init(&host.given, NULL);
    ck_assert_uint_le(host.settings.threads, THREADS_MAX);
    for (unsigned i = 0; i < host.settings.threads; i++)
        ck_assert_int_eq(pthread_create(&host.threads[i], NULL, work, NULL), 0);
    ck_assert_int_eq(runtime_new(&host.home, 0, &play_runtime), CGW_OK);
}

/* Fewer wait than none where others than the pool's threads work, too. */
static bool is_working(void)
{
    size_t n = host.n_out < host.settings.threads ? host.n_out : host.settings.threads;
    return (int)n > host.n_waiting;
}

/* The next letter, or NULL when no thread works any more that could write one. */
static struct post *take_post(void)
{
    pthread_mutex_lock(&host.lock);
    while (!host.posts && is_working())
        pthread_cond_wait(&host.posted, &host.lock);
    struct post *letter = host.posts;
    if (letter) {
        host.posts = letter->next;
        if (!host.posts)
            host.last_post = &host.posts;
    }
    pthread_mutex_unlock(&host.lock);
    return letter;
}

static bool step(void)
{
    struct post *letter = take_post();
    if (letter && letter->fn)
        letter->fn(&host.home, letter->arg);
    else if (letter)
        letter->done(&host.home, CGW_OK, letter->arg);
    else if (host.timer && play_runtime->n_tasks)
        fire();
    else
        return false;
    free(letter);
    return true;
}

static void has_ended(struct task *task, int status)
{
    if (task->owner)
        *(int *)task->owner = status;
}

static struct task *start(cgw_task_fn *fn, void *arg, int *status, bool is_sync)
{
    const struct task_options options = {.fn = cgw__task_int(fn, "play"),
                                         .arg = arg,
                                         .scope = &play_runtime->root,
                                         .ended = has_ended,
                                         .owner = status,
                                         .is_sync = is_sync};
    return task_new(play_runtime, &options);
}

static int play_as(cgw_task_fn *fn, void *arg, bool is_sync)
{
    int status = CGW_EFAILED;
    runtime_enter(play_runtime, &host.home);
    ck_assert_ptr_nonnull(start(fn, arg, &status, is_sync));
    runtime_run(play_runtime);
    while (step())
        ;
    ck_assert_msg(play_runtime->n_tasks == 0, "seed %u: %zu tasks wait for ever after \"%s\"",
                  host.settings.seed, play_runtime->n_tasks, host.notes);
    ck_assert_uint_eq(play_runtime->n_ready, 0);
    ck_assert_uint_eq(play_runtime->timers.n, 0);
    return status;
}

int play(cgw_task_fn *fn, void *arg)
{
    return play_as(fn, arg, false);
}

int play_sync(cgw_task_fn *fn, void *arg)
{
    return play_as(fn, arg, true);
}

struct task *play_task(cgw_task_fn *fn, void *arg)
{
    return start(fn, arg, NULL, false);
}

void play_close(void)
{
    runtime_free(play_runtime);
    pthread_mutex_lock(&host.lock);
    host.is_closing = true;
    pthread_cond_broadcast(&host.given);
    pthread_mutex_unlock(&host.lock);
    for (unsigned i = 0; i < host.settings.threads; i++)
        pthread_join(host.threads[i], NULL);
    ck_assert_ptr_null(host.posts);
    ck_assert_int_eq(host.n_waiting, 0);
    pthread_mutex_destroy(&host.lock);
    pthread_cond_destroy(&host.posted);
    pthread_cond_destroy(&host.given);
}

double play_seconds(void)
{
    return (double)(host.now_us - 1000000) / 1e6;
}

size_t play_logged(const char *part)
{
    size_t n = 0;
    pthread_mutex_lock(&host.lock);
    const char *wanted = *part ? part : "\n";
    for (const char *at = host.log; (at = strstr(at, wanted)); at += strlen(wanted))
        n++;
    pthread_mutex_unlock(&host.lock);
    return n;
}

size_t play_n_jobs(void)
{
    pthread_mutex_lock(&host.lock);
    size_t n = host.n_jobs;
    pthread_mutex_unlock(&host.lock);
    return n;
}

void play_note(const char *step_)
{
    pthread_mutex_lock(&host.lock);
    size_t len = strlen(host.notes);
    snprintf(host.notes + len, sizeof(host.notes) - len, "%s", step_);
    pthread_mutex_unlock(&host.lock);
}

const char *play_notes(void)
{
    return host.notes;
}

int child(void *arg)
{
    struct child *self = arg;
    self->slept = cgw_sleep(self->seconds);
    return self->slept ? self->slept : self->answer;
}

void play_once(cgw_task_fn *fn)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(fn, NULL), CGW_OK);
}

static void seeds(unsigned n, cgw_task_fn *fn, void *arg, bool is_sync)
{
    for (unsigned seed = 1; seed <= n; seed++) {
        play_open((struct play_settings){.seed = seed});
        int status = play_as(fn, arg, is_sync);
        ck_assert_msg(status == CGW_OK, "seed %u: %d after \"%s\"", seed, status, host.notes);
        play_close();
    }
}

void play_seeds(unsigned n, cgw_task_fn *fn, void *arg)
{
    seeds(n, fn, arg, false);
}

void play_seeds_sync(unsigned n, cgw_task_fn *fn, void *arg)
{
    seeds(n, fn, arg, true);
}
