/* The fake worker: see sync_play.h. All of the outer host but log() belongs to the loop's thread.
 */
#include "sync_play.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

struct mailbox play_mailbox;
struct pool *play_pool;
struct sync_runner *play_runner;
struct board_histogram play_waits;
const struct pool_origin play_origin = {.waits = &play_waits};

static struct cgw_app app = {.name = "play", .kind = CGW_SYNC};
static pthread_t loop_thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static bool is_woken;

static struct play *play_of(struct cgw_call *call)
{
    struct play *play = (struct play *)(void *)call;
    if (!pthread_equal(pthread_self(), loop_thread) || play->n_finishes)
        play->has_misbehaved = true;
    return play;
}

/* ---- the outer host ---- */

static int later(struct play *play, struct play_due *due, int status, cgw_done_fn *done, void *arg)
{
    if (due->is_set)
        play->has_misbehaved = true;
    if (!play->is_pending && !play->is_stuck)
        return status;
    *due = (struct play_due){done, arg, status, true};
    return CGW_PENDING;
}

static void fill(struct play *play, struct cgw_event *event)
{
    size_t left = play->body_len - play->body_at;
    size_t n = play->piece && left > play->piece ? play->piece : left;
    bool is_over = play->body_at > play->body_len;
    *event = (struct cgw_event){.type = CGW_HTTP_REQUEST, .size = sizeof(*event)};
    if (is_over || (play->is_cut && left == 0)) {
        event->type = CGW_HTTP_DISCONNECT;
        return;
    }
    event->flags = n < left || play->is_cut ? CGW_MORE : 0;
    event->u.body.data = (struct cgw_str){play->body + play->body_at, n};
    play->body_at += n + !event->flags;
}

static int outer_receive(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done,
                         void *arg)
{
    struct play *play = play_of(call);
    play->n_receives++;
    play->event = event;
    if (!play->is_stuck)
        fill(play, event);
    return later(play, &play->receiving, CGW_OK, done, arg);
}

static void note(struct play *play, const char *text, size_t len)
{
    size_t used = strlen(play->sent);
    if (len > sizeof(play->sent) - used - 1)
        len = sizeof(play->sent) - used - 1;
    memcpy(play->sent + used, text, len);
    play->sent[used + len] = '\0';
}

static void note_start(struct play *play, const struct cgw_event *event)
{
    char text[32];
    note(play, text, (size_t)snprintf(text, sizeof(text), "start %u", event->u.start.status));
    for (size_t i = 0; i < event->u.start.n_headers; i++) {
        const struct cgw_header *header = &event->u.start.headers[i];
        note(play, " ", 1);
        note(play, header->name.ptr, header->name.len);
        note(play, ":", 1);
        note(play, header->value.ptr, header->value.len);
    }
    note(play, "|", 1);
}

static void note_event(struct play *play, const struct cgw_event *event)
{
    if (event->type == CGW_HTTP_RESPONSE_START) {
        note_start(play, event);
        return;
    }
    char text[32];
    bool is_body = event->type == CGW_HTTP_RESPONSE_BODY;
    note(play, text, (size_t)snprintf(text, sizeof(text), is_body ? "body " : "%u ", event->type));
    for (size_t i = 0; is_body && i < event->u.bodyv.n_parts; i++) {
        const struct cgw_str *part = &event->u.bodyv.parts[i];
        play->first_part = i == 0 ? part->ptr : play->first_part;
        play->body_sent += part->len;
        note(play, part->ptr, part->len < 100 ? part->len : 3);
    }
    note(play, " more|", event->flags & CGW_MORE ? 6 : 0);
    note(play, "|", event->flags & CGW_MORE ? 0 : 1);
}

static int outer_send(struct cgw_call *call, const struct cgw_event *events, size_t n,
                      cgw_done_fn *done, void *arg)
{
    struct play *play = play_of(call);
    for (size_t i = 0; i < n; i++)
        note_event(play, &events[i]);
    note(play, ";", 1);
    int number = play->n_sends++;
    int status = play->fail_at == -1 || play->fail_at == number ? play->send_status : CGW_OK;
    return later(play, &play->sending, status, done, arg);
}

static void outer_finish(struct cgw_call *call, int status)
{
    struct play *play = play_of(call);
    play->receiving.is_set = play->sending.is_set = false;
    play->n_finishes++;
    play->finish_status = status;
}

static void *outer_alloc(struct cgw_call *call, size_t bytes)
{
    (void)call, (void)bytes;
    return NULL;
}

static int outer_post(struct cgw_call *call, void (*fn)(struct cgw_call *call, void *arg),
                      void *arg)
{
    (void)call, (void)fn, (void)arg;
    return CGW_ENOMEM;
}

static void outer_log(struct cgw_call *call, int level, const char *message, size_t len)
{
    struct play *play = (struct play *)(void *)call;
    play->n_logs += level == CGW_LOG_WARNING && len == 5 && memcmp(message, "hello", 5) == 0;
}

static int wants(struct cgw_call *call)
{
    return play_of(call)->n_wants++ != 1; /* not the second that is asked for */
}

static int ask(struct cgw_call *call)
{
    (void)play_of(call);
    return 0;
}

static int notify_gone(struct cgw_call *call, cgw_done_fn *fn, void *arg)
{
    struct play *play = play_of(call);
    play->gone = fn;
    play->gone_arg = arg;
    return CGW_PENDING;
}

static int notify_draining(struct cgw_call *call, cgw_done_fn *fn, void *arg)
{
    struct play *play = play_of(call);
    play->draining = fn;
    play->draining_arg = arg;
    return CGW_PENDING;
}

static const void *outer_extension(const struct cgw_host *host, const char *id)
{
    static const struct cgw_event_extension event = {sizeof(event), CGW_HTTP_RESPONSE_FILE, 0,
                                                     wants};
    static const struct cgw_disconnect gone = {sizeof(gone), 0, ask, notify_gone};
    static const struct cgw_shutdown drain = {sizeof(drain), 0, ask, notify_draining};
    static const char loop[] = "anything";
    (void)host;
    if (strcmp(id, CGW_EXT_DISCONNECT) == 0)
        return &gone;
    if (strcmp(id, CGW_EXT_SHUTDOWN) == 0)
        return &drain;
    return strcmp(id, CGW_EXT_LOOP) == 0 ? (const void *)loop : &event;
}

static const struct cgw_host outer = {.size = sizeof(outer),
                                      .abi_major = CGW_ABI_MAJOR,
                                      .abi_minor = CGW_ABI_MINOR,
                                      .name = "outer",
                                      .version = "9.9",
                                      .receive = outer_receive,
                                      .send = outer_send,
                                      .finish = outer_finish,
                                      .alloc = outer_alloc,
                                      .post = outer_post,
                                      .log = outer_log,
                                      .extension = outer_extension};

/* ---- the loop ---- */

static void wake(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    is_woken = true;
    pthread_cond_signal(&woken);
    pthread_mutex_unlock(&lock);
}

static void complete(struct play *play, struct play_due *due)
{
    struct play_due now = *due;
    due->is_set = false;
    now.done(&play->call, now.status, now.arg);
}

/* One turn; waits a little where nothing is to do, so that flags of other threads are seen. */
static void turn(struct play *play)
{
    bool is_due = !play->is_stuck && (play->receiving.is_set || play->sending.is_set);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 2000000;
    if (until.tv_nsec >= 1000000000)
        until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&lock);
    if (!is_woken && !is_due)
        pthread_cond_timedwait(&woken, &lock, &until);
    is_woken = false;
    pthread_mutex_unlock(&lock);
    if (is_due && play->receiving.is_set)
        complete(play, &play->receiving);
    if (is_due && play->sending.is_set)
        complete(play, &play->sending);
    mailbox_run(&play_mailbox);
}

void play_until_finished(struct play *play)
{
    while (!play->n_finishes)
        turn(play);
}

void play_until(struct play *play, atomic_int *flag, int value)
{
    while (atomic_load(flag) < value)
        turn(play);
}

void play_run(struct play *play)
{
    sync_call(play_runner, &play->call, &play_origin);
    play_until_finished(play);
}

void play_gone(struct play *play)
{
    play->body_at = play->body_len + 1;
    if (play->gone)
        play->gone(&play->call, CGW_ECLOSED, play->gone_arg);
    if (play->receiving.is_set) {
        fill(play, play->event);
        complete(play, &play->receiving);
    }
    if (play->sending.is_set) {
        play->sending.status = CGW_ECLOSED;
        complete(play, &play->sending);
    }
}

void play_cancel(struct play *play)
{
    play->receiving.status = play->sending.status = CGW_ECANCELED;
    if (play->receiving.is_set)
        complete(play, &play->receiving);
    if (play->sending.is_set)
        complete(play, &play->sending);
}

void play_drain(struct play *play)
{
    play->draining(&play->call, CGW_ECANCELED, play->draining_arg);
}

/* ---- begin and end ---- */

void play_begin(void (*call)(struct cgw_call *call), uint32_t threads, uint32_t queue)
{
    struct pool_settings settings = {threads, queue, 10000, 0};
    app.call = call;
    loop_thread = pthread_self();
    ck_assert_int_eq(mailbox_init(&play_mailbox, wake, NULL), 0);
    ck_assert_int_eq(pool_new(&settings, &play_pool), 0);
    ck_assert_int_eq(sync_runner_new(&app, play_pool, &play_mailbox, &play_runner), 0);
}

void play_end(void)
{
    ck_assert_int_eq(pool_free(play_pool, 60000), 0);
    mailbox_run(&play_mailbox);
    mailbox_fini(&play_mailbox);
    sync_runner_free(play_runner);
}

void play_init(struct play *play, const char *method)
{
    *play = (struct play){.body = "", .fail_at = -1};
    play->call = (struct cgw_call){&play->scope, &outer, NULL};
    play->scope = (struct cgw_scope){.size = sizeof(play->scope),
                                     .type = CGW_SCOPE_HTTP,
                                     .http_major = 1,
                                     .http_minor = 1,
                                     .method = {method, strlen(method)},
                                     .path = CGW_STR("/play"),
                                     .headers = play->headers};
}

void play_header(struct play *play, const char *name, const char *value)
{
    struct cgw_header *header = &play->headers[play->scope.n_headers++];
    header->name = (struct cgw_str){name, strlen(name)};
    header->value = (struct cgw_str){value, strlen(value)};
}

void play_body(struct play *play, const char *body, size_t len, size_t piece)
{
    static char length[24];
    snprintf(length, sizeof(length), "%zu", len);
    play->body = body;
    play->body_len = len;
    play->piece = piece;
    play_header(play, "content-length", length);
}
