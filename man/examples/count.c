/*
 * count: answers how many bytes were sent, and how many requests this worker has had.
 *
 *   cc -shared -fPIC -o count.so count.c $(pkg-config --cflags cgw)
 *   cgw-serve ./count.so
 *   curl -d hello http://127.0.0.1:8000/
 */
#include <cgw/abi.h>
#include <stdio.h>

/* One per worker: the lifespan's call gives it, every later scope points to it. */
static struct worker {
    unsigned long requests;
} worker;

/* One per call, in the call's own memory: it lives until finish(). */
struct count {
    int (*next)(struct cgw_call *call, int status); /* what to do when status is known; NULL: end */
    struct cgw_event in, out[2];
    struct cgw_header headers[2];
    struct cgw_str body;
    unsigned long bytes;
    char text[80], length[24];
};

/*
 * The one callback. It goes on while things are done at once, so nothing recurses, and comes back
 * to the host when something is CGW_PENDING: the host calls it again.
 */
static void go_on(struct cgw_call *call, int status, void *arg)
{
    struct count *count = arg;
    while (status != CGW_PENDING && count->next)
        status = count->next(call, status);
    if (status != CGW_PENDING)
        call->host->finish(call, status); /* the last touch: call and count are gone */
}

static int receive(struct cgw_call *call, int (*next)(struct cgw_call *, int))
{
    struct count *count = call->user;
    count->next = next;
    return call->host->receive(call, &count->in, go_on, count);
}

static int send(struct cgw_call *call, size_t n, int (*next)(struct cgw_call *, int))
{
    struct count *count = call->user;
    count->next = next;
    return call->host->send(call, count->out, n, go_on, count);
}

/* ---- http ---- */

static int answer(struct cgw_call *call)
{
    static const struct cgw_str type = CGW_STR("content-type"), plain = CGW_STR("text/plain");
    static const struct cgw_str length = CGW_STR("content-length");
    struct count *count = call->user;
    struct worker *of_worker = call->scope->state;
    int n = snprintf(count->text, sizeof count->text, "%lu bytes, request %lu\n", count->bytes,
                     ++of_worker->requests);
    int digits = snprintf(count->length, sizeof count->length, "%d", n);
    count->body = (struct cgw_str){count->text, (size_t)n};
    count->headers[0] = (struct cgw_header){type, plain};
    count->headers[1] = (struct cgw_header){length, {count->length, (size_t)digits}};
    count->out[0] = cgw_event_start(200, count->headers, 2);
    count->out[1] = cgw_event_body(&count->body, 1, 0);
    return send(call, 2, NULL);
}

static int received(struct cgw_call *call, int status)
{
    struct count *count = call->user;
    count->next = NULL;
    if (status != CGW_OK)
        return status;
    if (count->in.type == CGW_HTTP_DISCONNECT)
        return CGW_ECLOSED;
    count->bytes += count->in.u.body.data.len;
    return count->in.flags & CGW_MORE ? receive(call, received) : answer(call);
}

/* ---- lifespan ---- */

static int stopping(struct cgw_call *call, int status)
{
    struct count *count = call->user;
    count->next = NULL;
    if (status != CGW_OK)
        return status;
    count->out[0] = (struct cgw_event){.type = CGW_LIFESPAN_SHUTDOWN_COMPLETE,
                                       .size = sizeof(struct cgw_event)};
    return send(call, 1, NULL);
}

static int started(struct cgw_call *call, int status)
{
    struct count *count = call->user;
    count->next = NULL;
    return status == CGW_OK ? receive(call, stopping) : status;
}

static int starting(struct cgw_call *call, int status)
{
    struct count *count = call->user;
    count->next = NULL;
    if (status != CGW_OK)
        return status;
    count->out[0] = (struct cgw_event){.type = CGW_LIFESPAN_STARTUP_COMPLETE,
                                       .size = sizeof(struct cgw_event),
                                       .u.lifespan.state = &worker};
    return send(call, 1, started);
}

/* ---- the call ---- */

static void count_call(struct cgw_call *call)
{
    struct count *count = call->host->alloc(call, sizeof *count);
    if (!count) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    *count = (struct count){0};
    call->user = count;
    go_on(call, receive(call, call->scope->type == CGW_SCOPE_HTTP ? received : starting), count);
}

CGW_APP(.kind = CGW_ASYNC, .flags = CGW_LIFESPAN, .name = "count", .version = "1.0",
        .call = count_call);
