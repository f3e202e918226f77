/* The table that calls on the tester's thread get. */
#include "tester_call.h"
#include "tester_fail.h"
#include "tester_loop.h"
#include "tester_pool.h"
#include <stdlib.h>

static int host_receive(struct cgw_call *pub, struct cgw_event *event, cgw_done_fn *done, void *arg)
{
    return tester_call_receive(tester_call_of(pub, "receive()"), event, done, arg);
}

static int host_send(struct cgw_call *pub, const struct cgw_event *events, size_t n,
                     cgw_done_fn *done, void *arg)
{
    return tester_call_send(tester_call_of(pub, "send()"), events, n, done, arg);
}

static void host_finish(struct cgw_call *pub, int status)
{
    tester_call_finish(tester_call_of(pub, "finish()"), status);
}

static void *host_alloc(struct cgw_call *pub, size_t bytes)
{
    return tester_call_alloc(tester_call_of(pub, "alloc()"), bytes);
}

/* ---- post ---- */

struct posted {
    struct tester_letter letter; /* first */
    void (*fn)(struct cgw_call *call, void *arg);
    void *arg;
};

static void count_post(struct tester_call *call, int change)
{
    pthread_mutex_t *lock = tester_pool_lock(call->test->pool);
    pthread_mutex_lock(lock);
    call->n_posts += (size_t)change;
    pthread_mutex_unlock(lock);
}

static void run_posted(struct tester_item *item)
{
    struct posted posted = *(struct posted *)(void *)item;
    free(item);
    count_post(posted.letter.item.call, -1);
    posted.fn(&posted.letter.item.call->pub, posted.arg);
}

static int host_post(struct cgw_call *pub, void (*fn)(struct cgw_call *, void *), void *arg)
{
    struct tester_call *call = tester_call_anywhere(pub, "post()");
    struct posted *posted = calloc(1, sizeof *posted);
    if (!posted)
        return CGW_ENOMEM;
    if (!fn)
        tester_misuse(call, "post() without a function");
    posted->letter.item.call = call;
    posted->letter.item.run = run_posted;
    list_init(&posted->letter.item.node);
    list_init(&posted->letter.node);
    posted->fn = fn;
    posted->arg = arg;
    count_post(call, 1);
    if (pthread_equal(pthread_self(), call->test->thread))
        tester_loop_due(&posted->letter.item);
    else
        tester_pool_post(call->test->pool, &posted->letter);
    return CGW_OK;
}

const struct cgw_host tester_host_async = {.size = sizeof tester_host_async,
                                           .abi_major = CGW_ABI_MAJOR,
                                           .abi_minor = CGW_ABI_MINOR,
                                           .name = "cgw-test",
                                           .version = "1",
                                           .receive = host_receive,
                                           .send = host_send,
                                           .finish = host_finish,
                                           .alloc = host_alloc,
                                           .post = host_post,
                                           .log = tester_log_call,
                                           .extension = tester_extend_async};
