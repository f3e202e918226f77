/*
 * Calls of a CGW_SYNC application: on a pool thread, which asks the tester's for everything and
 * waits. What is posted to such a call runs where it waits.
 */
#include "tester_call.h"
#include "tester_fail.h"
#include "tester_pool.h"
#include <stdlib.h>

enum question { ASK_RECEIVE, ASK_SEND, ASK_FINISH, ASK_IS_GONE, ASK_IS_DRAINING, ASK_ROUTE };

/* On the stack of the thread that asks; read and written by the tester's until it is answered. */
struct ask {
    struct tester_letter letter; /* first */
    enum question question;
    struct cgw_event *event;
    const struct cgw_event *events;
    const char *route;
    size_t n;
    int status;
    bool is_answered; /* under the pool's lock */
};

struct posted {
    struct list node;
    void (*fn)(struct cgw_call *call, void *arg);
    void *arg;
};

struct sync_job {
    struct tester_job job; /* first */
    struct tester_call *call;
};

/* ---- on the tester's thread ---- */

static void answer(struct cgw_call *pub, int status, void *arg)
{
    struct tester_call *call = (struct tester_call *)(void *)pub;
    struct tester_pool *pool = call->test->pool;
    struct ask *ask = arg;
    pthread_mutex_lock(tester_pool_lock(pool));
    ask->status = status;
    ask->is_answered = true;
    if (call->is_waiting)
        tester_pool_waits_locked(pool, -1);
    call->is_waiting = false;
    pthread_cond_signal(&call->answered);
    pthread_mutex_unlock(tester_pool_lock(pool));
}

static int name_route(struct tester_call *call, const struct ask *ask)
{
    const struct cgw_route *table = tester_extend_async(NULL, CGW_EXT_ROUTE);
    pthread_t thread = call->thread;
    call->thread = call->test->thread;
    int status = table->set(&call->pub, ask->route, ask->n);
    call->thread = thread;
    return status;
}

static int carry_out(struct tester_call *call, struct ask *ask)
{
    switch (ask->question) {
    case ASK_RECEIVE:
        return tester_call_receive(call, ask->event, answer, ask);
    case ASK_SEND:
        return tester_call_send(call, ask->events, ask->n, answer, ask);
    case ASK_FINISH:
        tester_call_finish(call, ask->status);
        return CGW_OK;
    case ASK_IS_GONE:
        return call->is_gone;
    case ASK_IS_DRAINING:
        return call->test->is_draining;
    case ASK_ROUTE:
        return name_route(call, ask);
    }
    return CGW_EINVAL;
}

static void run_ask(struct tester_item *item)
{
    struct ask *ask = (struct ask *)(void *)item;
    struct tester_call *call = item->call;
    bool may_wait = ask->question == ASK_RECEIVE || ask->question == ASK_SEND;
    int status = carry_out(call, ask);
    if (status != CGW_PENDING || !may_wait)
        answer(&call->pub, status, ask);
}

/* ---- on the call's ---- */

/* The lock is held, but while one runs. */
static void run_posts(struct tester_call *call, pthread_mutex_t *lock)
{
    for (struct list *node; (node = list_take(&call->posts));) {
        struct posted posted = *list_owner(node, struct posted, node);
        free(list_owner(node, struct posted, node));
        call->n_posts--;
        pthread_mutex_unlock(lock);
        posted.fn(&call->pub, posted.arg);
        pthread_mutex_lock(lock);
    }
}

static void drain_posts(struct tester_call *call)
{
    pthread_mutex_t *lock = tester_pool_lock(call->test->pool);
    pthread_mutex_lock(lock);
    run_posts(call, lock);
    pthread_mutex_unlock(lock);
}

static void wait_for_answer(struct tester_call *call, struct ask *ask)
{
    struct tester_pool *pool = call->test->pool;
    pthread_mutex_t *lock = tester_pool_lock(pool);
    pthread_mutex_lock(lock);
    for (;;) {
        if (ask->question != ASK_FINISH)
            run_posts(call, lock);
        if (ask->is_answered)
            break;
        if (!call->is_waiting)
            tester_pool_waits_locked(pool, 1);
        call->is_waiting = true;
        pthread_cond_wait(&call->answered, lock);
    }
    pthread_mutex_unlock(lock);
}

static int have_done(struct tester_call *call, struct ask *ask)
{
    ask->letter.item.call = call;
    ask->letter.item.run = run_ask;
    list_init(&ask->letter.item.node);
    list_init(&ask->letter.node);
    tester_pool_post(call->test->pool, &ask->letter);
    wait_for_answer(call, ask);
    return ask->status;
}

static int sync_receive(struct cgw_call *pub, struct cgw_event *event, cgw_done_fn *done, void *arg)
{
    (void)done, (void)arg;
    struct tester_call *call = tester_call_of(pub, "receive()");
    return have_done(call, &(struct ask){.question = ASK_RECEIVE, .event = event});
}

static int sync_send(struct cgw_call *pub, const struct cgw_event *events, size_t n,
                     cgw_done_fn *done, void *arg)
{
    (void)done, (void)arg;
    struct tester_call *call = tester_call_of(pub, "send()");
    return have_done(call, &(struct ask){.question = ASK_SEND, .events = events, .n = n});
}

static void sync_finish(struct cgw_call *pub, int status)
{
    struct tester_call *call = tester_call_of(pub, "finish()");
    drain_posts(call);
    (void)have_done(call, &(struct ask){.question = ASK_FINISH, .status = status});
}

static void *sync_alloc(struct cgw_call *pub, size_t bytes)
{
    return tester_call_alloc(tester_call_of(pub, "alloc()"), bytes);
}

static int sync_post(struct cgw_call *pub, void (*fn)(struct cgw_call *, void *), void *arg)
{
    struct tester_call *call = tester_call_anywhere(pub, "post()");
    struct tester_pool *pool = call->test->pool;
    struct posted *posted = malloc(sizeof *posted);
    if (!posted)
        return CGW_ENOMEM;
    *posted = (struct posted){.fn = fn, .arg = arg};
    pthread_mutex_lock(tester_pool_lock(pool));
    list_append(&call->posts, &posted->node);
    call->n_posts++;
    if (call->is_waiting)
        tester_pool_waits_locked(pool, -1);
    call->is_waiting = false;
    pthread_cond_signal(&call->answered);
    pthread_mutex_unlock(tester_pool_lock(pool));
    return CGW_OK;
}

const struct cgw_host tester_host_sync = {.size = sizeof tester_host_sync,
                                          .abi_major = CGW_ABI_MAJOR,
                                          .abi_minor = CGW_ABI_MINOR,
                                          .name = "cgw-test",
                                          .version = "1",
                                          .receive = sync_receive,
                                          .send = sync_send,
                                          .finish = sync_finish,
                                          .alloc = sync_alloc,
                                          .post = sync_post,
                                          .log = tester_log_call,
                                          .extension = tester_extend_sync};

/* ---- the call ---- */

static void run_call(struct tester_job *job)
{
    struct tester_call *call = ((struct sync_job *)(void *)job)->call;
    free(job);
    call->thread = pthread_self();
    call->test->app->call(&call->pub);
    if (!call->is_finished)
        tester_misuse(call, "returned from call() without finish(): a CGW_SYNC call ends there");
}

void tester_sync_begin(struct tester_call *call)
{
    struct sync_job *job = calloc(1, sizeof *job);
    if (!job)
        tester_fail_memory(call->test);
    *job = (struct sync_job){.job = {.run = run_call, .name = call->name}, .call = call};
    tester_pool_submit(call->test->pool, &job->job);
}

/* ---- extensions ---- */

static int sync_run(struct cgw_call *pub, void (*fn)(void *arg), void *arg, cgw_done_fn *done,
                    void *done_arg)
{
    struct tester_call *call = tester_call_of(pub, "run()");
    (void)done, (void)done_arg;
    if (!fn)
        tester_misuse(call, "run() of cgw.thread/1 without a function");
    fn(arg);
    return CGW_OK;
}

static int sync_is_disconnected(struct cgw_call *pub)
{
    struct tester_call *call = tester_call_of(pub, "is_disconnected()");
    return have_done(call, &(struct ask){.question = ASK_IS_GONE});
}

static int sync_is_draining(struct cgw_call *pub)
{
    struct tester_call *call = tester_call_of(pub, "is_draining()");
    return have_done(call, &(struct ask){.question = ASK_IS_DRAINING});
}

static int sync_notify(struct cgw_call *pub, cgw_done_fn *fn, void *arg)
{
    (void)tester_call_of(pub, "notify()");
    (void)fn, (void)arg;
    return CGW_EINVAL;
}

static int sync_route(struct cgw_call *pub, const char *route, size_t len)
{
    struct tester_call *call = tester_call_of(pub, "set() of cgw.route/1");
    return have_done(call, &(struct ask){.question = ASK_ROUTE, .route = route, .n = len});
}

static int sync_is_promoted(struct cgw_call *pub)
{
    (void)tester_call_of(pub, "is_promoted()");
    return 0;
}

static const struct cgw_thread thread = {.size = sizeof thread, .run = sync_run};
static const struct cgw_disconnect disconnect = {
    .size = sizeof disconnect, .is_disconnected = sync_is_disconnected, .notify = sync_notify};
static const struct cgw_shutdown drain = {
    .size = sizeof drain, .is_draining = sync_is_draining, .notify = sync_notify};
static const struct cgw_route route = {
    .size = sizeof route, .set = sync_route, .is_promoted = sync_is_promoted};

const void *tester_extend_sync(const struct cgw_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
    } tables[] = {
        {CGW_EXT_LOOP, NULL},      {CGW_EXT_CURRENT, NULL},           {HOOKS_SCHEDULE, NULL},
        {CGW_EXT_THREAD, &thread}, {CGW_EXT_DISCONNECT, &disconnect}, {CGW_EXT_SHUTDOWN, &drain},
        {CGW_EXT_ROUTE, &route}};
    for (size_t i = 0; id && i < sizeof tables / sizeof *tables; i++)
        if (strcmp(id, tables[i].id) == 0)
            return tables[i].table;
    return tester_extend_async(host, id); /* those of events know both kinds of thread */
}
