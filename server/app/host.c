/* The table that calls on the loop get: receive, send and finish of call.c, and what is around. */
#include "app/call.h"
#include "app/current.h"
#include "app/ext_thread.h"
#include "app/route.h"
#include "base/log.h"
#include "base/mem.h"

static void *host_alloc(struct cgw_call *pub, size_t bytes)
{
    return arena_alloc(&call_of(pub)->arena, bytes);
}

/* A function on its way to the loop, in memory of its own. */
struct posted {
    struct letter letter; /* first */
    struct cgw_call *call;
    void (*fn)(struct cgw_call *call, void *arg);
    void *arg;
};

static void open_posted(struct letter *letter)
{
    struct posted posted = *(struct posted *)(void *)letter;
    struct call *call = call_of(posted.call);
    mem_free(letter);
    call_enter(call);
    posted.fn(posted.call, posted.arg);
    call_leave(call);
}

static int host_post(struct cgw_call *pub, void (*fn)(struct cgw_call *, void *), void *arg)
{
    struct call *call = call_of(pub);
    if (call->is_hopping) /* its letter would find a call that a thread has */
        return call_misuse(call, CALL_MOVED, 0, STR(""));
    struct posted *posted = mem_alloc(sizeof *posted);
    if (!posted)
        return CGW_ENOMEM;
    *posted = (struct posted){.letter = {.open = open_posted}, .call = pub, .fn = fn, .arg = arg};
    atomic_store_explicit(&call->has_posted, true, memory_order_relaxed);
    mailbox_post(call->runtime->mailbox, &posted->letter);
    return CGW_OK;
}

/* Escaped here, as what the application says may hold a NUL. */
static void host_log(struct cgw_call *pub, int level, const char *message, size_t len)
{
    char text[2048];
    int known = level < CGW_LOG_DEBUG   ? CGW_LOG_DEBUG
                : level > CGW_LOG_ERROR ? CGW_LOG_ERROR
                                        : level;
    log_escape(text, sizeof text, (struct str){message, len});
    log_line((enum log_level)known, 0, "%s call=%016llx", text,
             (unsigned long long)call_of(pub)->id);
}

static int is_disconnected(struct cgw_call *pub)
{
    return call_of(pub)->is_input_over;
}

static int notify_disconnect(struct cgw_call *pub, cgw_done_fn *fn, void *arg)
{
    struct call *call = call_of(pub);
    if (!fn) {
        call->gone.fn = NULL;
        return CGW_OK;
    }
    if (call->is_input_over)
        return CGW_ECLOSED;
    call->gone = (struct call_notice){fn, arg};
    return CGW_PENDING;
}

static int is_draining(struct cgw_call *pub)
{
    return call_of(pub)->runtime->is_draining;
}

static int notify_drain(struct cgw_call *pub, cgw_done_fn *fn, void *arg)
{
    struct call *call = call_of(pub);
    if (!fn) {
        call->drain.fn = NULL;
        return CGW_OK;
    }
    if (call->runtime->is_draining)
        return CGW_ECANCELED;
    call->drain = (struct call_notice){fn, arg};
    return CGW_PENDING;
}

static int thread_run(struct cgw_call *pub, void (*fn)(void *arg), void *arg, cgw_done_fn *done,
                      void *done_arg)
{
    struct call *call = call_of(pub);
    if (call->is_canceled)
        return CGW_ECANCELED;
    struct pool_origin origin = {call, call->id, &call->runtime->slot->pool_wait};
    return thread_job_run(&call->jobs, call, &origin, call->runtime->pool, call->runtime->mailbox,
                          fn, arg, done, done_arg);
}

static int always(struct cgw_call *pub)
{
    (void)pub;
    return 1;
}

static int takes_trailers(struct cgw_call *pub)
{
    return call_of(pub)->takes_trailers;
}

static int takes_informational(struct cgw_call *pub)
{
    return call_of(pub)->takes_informational;
}

static const struct cgw_thread ext_thread = {.size = sizeof ext_thread, .run = thread_run};
static const struct cgw_disconnect ext_disconnect = {
    .size = sizeof ext_disconnect, .is_disconnected = is_disconnected, .notify = notify_disconnect};
static const struct cgw_shutdown ext_shutdown = {
    .size = sizeof ext_shutdown, .is_draining = is_draining, .notify = notify_drain};
static const struct cgw_debug ext_debug = {.size = sizeof ext_debug};
static const struct cgw_event_extension ext_file = {
    .size = sizeof ext_file, .event = CGW_HTTP_RESPONSE_FILE, .is_wanted = always};
static const struct cgw_event_extension ext_trailers = {
    .size = sizeof ext_trailers, .event = CGW_HTTP_RESPONSE_TRAILERS, .is_wanted = takes_trailers};
static const struct cgw_event_extension ext_informational = {.size = sizeof ext_informational,
                                                             .event =
                                                                 CGW_HTTP_RESPONSE_INFORMATIONAL,
                                                             .is_wanted = takes_informational};

/* Set once, by net/, before the first call: the table is the same for all calls of the process. */
static const struct cgw_loop *ext_loop;

void call_set_loop_extension(const struct cgw_loop *loop)
{
    ext_loop = loop;
}

static bool has_debug; /* the same */

void call_set_debug(bool is_there)
{
    has_debug = is_there;
}

const void *call_extension(const struct cgw_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
    } tables[] = {{CGW_EXT_THREAD, &ext_thread},     {CGW_EXT_DISCONNECT, &ext_disconnect},
                  {CGW_EXT_SHUTDOWN, &ext_shutdown}, {CGW_EXT_FILE, &ext_file},
                  {CGW_EXT_TRAILERS, &ext_trailers}, {CGW_EXT_INFORMATIONAL, &ext_informational},
                  {CGW_EXT_ROUTE, &route_table},     {CGW_EXT_CURRENT, &current_table}};
    (void)host;
    if (strcmp(id, CGW_EXT_LOOP) == 0)
        return ext_loop;
    if (strcmp(id, CGW_EXT_DEBUG) == 0)
        return has_debug ? &ext_debug : NULL;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (strcmp(id, tables[i].id) == 0)
            return tables[i].table;
    return NULL;
}

const struct cgw_host call_host = {.size = sizeof call_host,
                                   .abi_major = CGW_ABI_MAJOR,
                                   .abi_minor = CGW_ABI_MINOR,
                                   .name = "cgw",
                                   .version = "0.1.0",
                                   .receive = call_receive,
                                   .send = call_send,
                                   .finish = call_finish,
                                   .alloc = host_alloc,
                                   .post = host_post,
                                   .log = host_log,
                                   .extension = call_extension};
