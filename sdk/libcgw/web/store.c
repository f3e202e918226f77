/*
 * What a request owns: memory, what hangs on it, state, lines in the log. Its memory is used by one
 * thread at a time without locks: by the half of its task that runs, or, where more than one thread
 * may run for the request, by the loop on behalf of all.
 */
#include "web/application.h"
#include <stdio.h>
#include <string.h>

/* No other thread runs for the request. */
static bool is_alone(const cgw_request *req)
{
    return here.task == req->task && list_is_empty(&here.task->groups) && !req->is_pinged;
}

int store_do(cgw_request *req, int (*fn)(void *arg), void *arg)
{
    return is_alone(req) ? fn(arg) : task_on_loop(fn, arg);
}

struct making {
    cgw_request *req;
    int (*fn)(void *arg);
    void *arg;
    cgw_reply reply;
};

static int make(void *arg)
{
    struct making *making = arg;
    (void)making->fn(making->arg);
    making->reply = reply_now(making->req);
    return CGW_OK;
}

cgw_reply store_reply(cgw_request *req, int (*fn)(void *arg), void *arg)
{
    struct making making = {.req = req, .fn = fn, .arg = arg};
    (void)request_do(req, make, &making);
    return making.reply;
}

/* ---- memory ---- */

struct wish {
    cgw_request *req;
    size_t bytes;
    const void *ptr;
    const char *format;
    va_list *args;
    void *ret;
};

static int do_alloc(void *arg)
{
    struct wish *wish = arg;
    wish->ret = arena_zalloc(&wish->req->arena, wish->bytes);
    return CGW_OK;
}

void *cgw_alloc(cgw_request *req, size_t bytes)
{
    struct wish wish = {.req = req, .bytes = bytes};
    (void)request_do(req, do_alloc, &wish);
    return wish.ret;
}

static int do_dup(void *arg)
{
    struct wish *wish = arg;
    wish->ret = arena_copy(&wish->req->arena, wish->ptr, wish->bytes);
    return CGW_OK;
}

void *cgw_dup(cgw_request *req, const void *ptr, size_t len)
{
    struct wish wish = {.req = req, .ptr = ptr, .bytes = len};
    (void)request_do(req, do_dup, &wish);
    return wish.ret;
}

static int do_format(void *arg)
{
    struct wish *wish = arg;
    wish->ret = (void *)(uintptr_t)arena_vprintf(&wish->req->arena, wish->format, *wish->args).ptr;
    return CGW_OK;
}

char *cgw_fmt(cgw_request *req, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    struct wish wish = {.req = req, .format = text, .args = &args};
    (void)request_do(req, do_format, &wish);
    va_end(args);
    return wish.ret;
}

struct last_wish {
    cgw_request *req;
    void (*fn)(void *arg);
    void *arg;
};

static int do_defer(void *arg)
{
    const struct last_wish *wish = arg;
    return arena_defer(&wish->req->arena, wish->fn, wish->arg);
}

void cgw_defer(cgw_request *req, void (*fn)(void *arg), void *arg)
{
    struct last_wish wish = {req, fn, arg};
    if (request_do(req, do_defer, &wish) != CGW_OK)
        fn(arg);
}

/* ---- state ---- */

void *cgw__state(const cgw_request *req, size_t size)
{
    const struct cgw_lifespan *lifespan = req->application->lifespan;
    if (lifespan && lifespan->size == size)
        return req->application->state;
    runtime_log(req->runtime, req->call, CGW_LOG_ERROR,
                "cgw_state(): the type has %zu bytes, that of CGW_LIFESPAN() %zu", size,
                lifespan ? lifespan->size : 0);
    return NULL;
}

static struct request_data *find(const cgw_request *req, const char *name)
{
    for (size_t i = 0; i < req->n_data; i++)
        if (strcmp(req->data[i].name, name) == 0)
            return (struct request_data *)&req->data[i];
    return NULL;
}

struct item {
    cgw_request *req;
    const char *name;
    void *value;
};

static int do_set(void *arg)
{
    const struct item *item = arg;
    cgw_request *req = item->req;
    struct request_data *data = find(req, item->name);
    if (!data && req->n_data < REQUEST_DATA_MAX)
        data = &req->data[req->n_data++];
    if (data)
        *data = (struct request_data){item->name, item->value};
    else
        runtime_log(req->runtime, req->call, CGW_LOG_ERROR,
                    "cgw_set(\"%s\"): a request takes no more than %d", item->name,
                    REQUEST_DATA_MAX);
    return CGW_OK;
}

void cgw_set(cgw_request *req, const char *name, void *value)
{
    struct item item = {req, name, value};
    (void)request_do(req, do_set, &item);
}

static int do_get(void *arg)
{
    struct item *item = arg;
    const struct request_data *data = find(item->req, item->name);
    item->value = data ? data->value : NULL;
    return CGW_OK;
}

void *cgw_get(const cgw_request *req, const char *name)
{
    struct item item = {(cgw_request *)(uintptr_t)req, name, NULL};
    (void)request_do(item.req, do_get, &item);
    return item.value;
}

/* ---- log ---- */

static CGW_PRINTF(3, 0) void write_line(cgw_request *req, int level, const char *text, va_list args)
{
    char line[1024];
    const struct task *task = task_here();
    const struct runtime *runtime = req ? req->runtime : task ? task->runtime : NULL;
    if (!runtime)
        return;
    const char *tag = req ? req->log_tag : NULL;
    int at = tag ? snprintf(line, sizeof(line), "request_id=%s ", tag) : 0; /* short: is sane */
    int len = vsnprintf(line + at, sizeof(line) - (size_t)at, text, args);
    size_t n = (size_t)at + (len < 0 ? 0 : (size_t)len);
    n = n < sizeof(line) ? n : sizeof(line) - 1;
    runtime->host->log(req && req->call ? req->call : runtime->home, level, line, n);
}

void cgw_log(cgw_request *req, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    write_line(req, CGW_LOG_INFO, text, args);
    va_end(args);
}

void cgw_log_level(cgw_request *req, int level, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    write_line(req, level, text, args);
    va_end(args);
}
