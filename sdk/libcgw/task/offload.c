/*
 * The second half of a task: sync code on a pool thread. The first half, the fiber, waits on the
 * loop for one of two things: that the thread asks it to do something, or that the thread is
 * through. So whatever suspends exists once, on the loop, and blocks the thread that asked.
 *
 * The struct lies on the fiber's stack. lock guards all below it; the thread touches nothing else
 * of the task's while the fiber runs what it was asked.
 */
#include "task/task.h"
#include <time.h>

struct offload {
    struct task *task;
    int (*fn)(void *arg);
    void *arg;
    int status;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    int (*ask)(void *arg); /* NULL: nothing is asked for */
    void *ask_arg;
    int answer;
    bool is_answered, is_over;
};

static void run_second_half(void *arg)
{
    struct offload *offload = arg;
    here = (struct here){offload->task, offload};
    offload->status = offload->fn(offload->arg);
    here = (struct here){NULL, NULL};
}

static void wake_first_half(struct cgw_call *call, struct offload *offload)
{
    struct runtime *runtime = offload->task->runtime;
    runtime_enter(runtime, call);
    task_wake(offload->task, CGW_OK);
    runtime_run(runtime);
}

static void second_half_is_over(struct cgw_call *call, int status, void *arg)
{
    struct offload *offload = arg;
    (void)status;
    offload->is_over = true;
    wake_first_half(call, offload);
}

static void was_asked(struct cgw_call *call, void *arg)
{
    wake_first_half(call, arg);
}

/* On the loop: carry out what is asked, if that is why we were woken. */
static void answer(struct offload *offload)
{
    pthread_mutex_lock(&offload->lock);
    int (*ask)(void *) = offload->ask;
    void *arg = offload->ask_arg;
    pthread_mutex_unlock(&offload->lock);
    if (!ask)
        return;
    int status = ask(arg);
    pthread_mutex_lock(&offload->lock);
    offload->ask = NULL;
    offload->answer = status;
    offload->is_answered = true;
    pthread_cond_signal(&offload->answered);
    pthread_mutex_unlock(&offload->lock);
}

static int attend(struct task *task, struct offload *offload, const struct cgw_site *site)
{
    struct offload *outer = task->offload;
    task->offload = offload;
    while (!offload->is_over) {
        (void)task_park(task, "on a thread", site, NULL, NULL);
        answer(offload);
    }
    task->offload = outer;
    pthread_cond_destroy(&offload->answered);
    pthread_mutex_destroy(&offload->lock);
    return offload->status;
}

int task_offload(struct task *task, int (*fn)(void *arg), void *arg, const struct cgw_site *site)
{
    struct runtime *runtime = task->runtime;
    struct cgw_call *call = task->call ? task->call : runtime->home;
    struct offload offload = {.task = task, .fn = fn, .arg = arg};
    pthread_mutex_init(&offload.lock, NULL);
    pthread_cond_init(&offload.answered, NULL);
    int status =
        runtime->thread->run(call, run_second_half, &offload, second_half_is_over, &offload);
    if (status == CGW_PENDING)
        return attend(task, &offload, site);
    pthread_cond_destroy(&offload.answered);
    pthread_mutex_destroy(&offload.lock);
    return status == CGW_OK ? offload.status : status;
}

/* The host copies what is posted; where it has no memory for that we wait until it has: there are
   callers who must be heard, as they take something off the task that lies on their stack. */
static void post_question(struct offload *offload)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    struct runtime *runtime = offload->task->runtime;
    while (runtime->host->post(runtime->home, was_asked, offload) != CGW_OK)
        nanosleep(&pause, NULL);
}

/* On the pool thread: have it done, and wait. */
static int ask(struct offload *offload, int (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&offload->lock);
    offload->ask = fn;
    offload->ask_arg = arg;
    offload->is_answered = false;
    pthread_mutex_unlock(&offload->lock);
    post_question(offload);
    pthread_mutex_lock(&offload->lock);
    while (!offload->is_answered)
        pthread_cond_wait(&offload->answered, &offload->lock);
    int status = offload->answer;
    pthread_mutex_unlock(&offload->lock);
    return status;
}

int task_on_loop(int (*fn)(void *arg), void *arg)
{
    if (!here.task)
        return CGW_EINVAL;
    return here.offload ? ask(here.offload, fn, arg) : fn(arg);
}
