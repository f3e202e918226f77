/*
 * The order of events: an application that does anything in any order, over a wire that answers
 * anything, one input byte a decision. Whatever they do, what reaches the wire must be one valid
 * response: one head, never more bytes than content-length, one end, nothing behind it; and each
 * pending call is answered exactly once, never from inside receive() or send().
 */
#include "app/call.h"
#include "base/log.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define must(what)                                                             \
    do {                                                                       \
        if (!(what)) {                                                         \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #what); \
            abort();                                                           \
        }                                                                      \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    const uint8_t *bytes;
    size_t left;
    /* the application */
    struct cgw_call *call; /* NULL once finished */
    bool in_host;          /* inside receive() or send() */
    int receives, sends;   /* in flight */
    bool has_begun;
    struct cgw_event event;
    struct cgw_event out[3];
    /* the wire */
    struct call *wire_call; /* NULL: let go or ended */
    int heads, ends, failures, ended;
    uint64_t sent;
    bool has_length, is_head, may_write, is_lent, is_broken;
    uint64_t length;
    int pieces;
} f;

static unsigned decide(unsigned n)
{
    if (!f.left)
        return 0;
    f.left--;
    return *f.bytes++ % n;
}

/* ---- the wire ---- */

static void take_head(const struct call_write *write)
{
    must(f.heads == 0 && f.ends == 0);
    must(write->head->status >= 200 && write->head->status <= 999);
    f.heads++;
    f.has_length = write->head->has_length && !write->head->has_no_body;
    f.length = write->head->length;
}

static int wire_write(struct call *call, const struct call_write *write)
{
    must(f.wire_call == call && !f.ends && !f.is_lent && !f.failures && !f.is_broken);
    if (write->head)
        take_head(write);
    must(f.heads == 1);
    must(!(write->hold && (write->bytes || write->end)));
    f.sent += write->bytes;
    must(!f.has_length || f.is_head || f.sent <= f.length);
    if (write->end) {
        must(!f.has_length || f.is_head || f.sent == f.length);
        f.ends++;
    }
    if (write->hold)
        return CGW_OK;
    switch (decide(6)) {
    case 1:
        f.is_lent = true;
        return CGW_PENDING;
    case 2:
        f.wire_call = NULL;
        call_gone(call);
        return CGW_ECLOSED;
    case 3:
        f.is_broken = true;
        return CGW_ENOMEM;
    default:
        return CGW_OK;
    }
}

static int wire_informational(struct call *call, int status, const struct field *fields, size_t n)
{
    (void)fields, (void)n;
    must(f.wire_call == call && f.ends == 0 && status >= 102 && status <= 199);
    return CGW_OK;
}

static int wire_read(struct call *call, struct str *ret_data, bool *ret_more)
{
    must(f.wire_call == call);
    unsigned what = decide(4);
    if (what == 1)
        return CGW_PENDING;
    if (what == 2) {
        f.wire_call = NULL;
        call_gone(call);
        return CGW_ECLOSED;
    }
    *ret_data = STR("body");
    *ret_more = ++f.pieces < 4 && what == 0;
    return CGW_OK;
}

static void wire_fail(struct call *call, int status)
{
    must(f.wire_call == call && f.failures == 0 && (status == 0 || status == 500 || status == 503));
    f.failures++;
    f.is_lent = false;
    f.wire_call = NULL;
    call_gone(call);
}

static void wire_ended(struct call *call)
{
    must(f.ended == 0);
    must(f.wire_call == call || f.wire_call == NULL);
    /* what was not complete was broken off */
    must(!f.wire_call || f.ends == 1);
    f.ended++;
    f.wire_call = NULL;
}

static const struct call_wire wire = {.write = wire_write,
                                      .informational = wire_informational,
                                      .read = wire_read,
                                      .fail = wire_fail,
                                      .ended = wire_ended};

/* ---- the application ---- */

static void act(void);

static void received(struct cgw_call *call, int status, void *arg)
{
    must(call == f.call && arg == &f && !f.in_host && f.receives == 1);
    must(status != CGW_PENDING);
    f.receives--;
    act();
}

static void sent(struct cgw_call *call, int status, void *arg)
{
    must(call == f.call && arg == &f && !f.in_host && f.sends == 1);
    must(status != CGW_PENDING);
    f.sends--;
    act();
}

static void gone(struct cgw_call *call, int status, void *arg)
{
    must(call == f.call && arg == &f && !f.in_host && status == CGW_ECLOSED);
    act();
}

static void do_receive(void)
{
    f.in_host = true;
    int status = f.call->host->receive(f.call, &f.event, received, &f);
    f.in_host = false;
    must(f.receives == 0 || status == CGW_EINVAL);
    f.receives += status == CGW_PENDING;
    must(status != CGW_OK || f.event.size == sizeof f.event);
}

static struct cgw_event make_event(void)
{
    static const struct cgw_header html[] = {CGW_HEADER("content-type", "text/html")};
    static const struct cgw_header fields[][2] = {
        {CGW_HEADER("content-length", "4"), CGW_HEADER("content-type", "text/html")},
        {CGW_HEADER("content-length", "x")},
        {CGW_HEADER("bad name", "v")},
        {CGW_HEADER("name", "a\r\nb")},
        {CGW_HEADER("content-length", "8"), CGW_HEADER("content-type", "text/html")}};
    static const struct cgw_str four = CGW_STR("four"), bad = {NULL, 3};
    static const uint16_t types[] = {CGW_HTTP_RESPONSE_START,
                                     CGW_HTTP_RESPONSE_BODY,
                                     CGW_HTTP_RESPONSE_TRAILERS,
                                     CGW_HTTP_RESPONSE_INFORMATIONAL,
                                     CGW_HTTP_RESPONSE_FILE,
                                     CGW_LIFESPAN_STARTUP_COMPLETE,
                                     CGW_WS_SEND,
                                     999};
    static const uint16_t statuses[] = {200, 204, 304, 103, 99, 1000, 500, 205};
    unsigned type = types[decide(8)];
    struct cgw_event event = {.type = (uint16_t)type,
                              .flags = (uint16_t)decide(8),
                              .size = decide(16) == 15 ? 32 : sizeof event};
    if (type == CGW_HTTP_RESPONSE_BODY) {
        unsigned which = decide(4);
        event.u.bodyv.parts = which == 3 ? &bad : &four;
        event.u.bodyv.n_parts = which ? 1 : 0;
    } else if (type == CGW_HTTP_RESPONSE_FILE) {
        event.u.file.fd = -1;
    } else {
        unsigned which = decide(7);
        event.u.start.status = statuses[decide(8)];
        event.u.start.headers = which < 5 ? fields[which] : html;
        event.u.start.n_headers = which == 6 ? 0 : which % 4 ? 1 : 2;
    }
    return event;
}

static void do_send(void)
{
    size_t n = decide(4);
    struct cgw_event stack[3];
    struct cgw_event *events = f.sends ? stack : f.out; /* what is lent stays as it is */
    for (size_t i = 0; i < n; i++)
        events[i] = make_event();
    f.in_host = true;
    int status = f.call->host->send(f.call, events, n, sent, &f);
    f.in_host = false;
    must(f.sends == 0 || status < 0);
    f.sends += status == CGW_PENDING;
}

static void do_finish(int status)
{
    struct cgw_call *call = f.call;
    f.call = NULL;
    call->host->finish(call, status);
}

static void act(void)
{
    while (f.call && f.left) {
        switch (decide(8)) {
        case 0:
        case 1:
            do_receive();
            break;
        case 2:
        case 3:
        case 4:
            do_send();
            break;
        case 5:
            do_finish((int)decide(10) - 7);
            return;
        case 6: {
            const struct cgw_disconnect *disconnect =
                f.call->host->extension(f.call->host, CGW_EXT_DISCONNECT);
            disconnect->notify(f.call, gone, &f);
            break;
        }
        default:
            return; /* back to the loop */
        }
    }
}

static void app_call(struct cgw_call *call)
{
    must(!f.has_begun);
    f.has_begun = true;
    f.call = call;
    act();
}

/* ---- the loop ---- */

static void turn(struct call_runtime *runtime, struct call *call)
{
    switch (decide(8)) {
    case 0:
        if (f.wire_call && f.receives)
            call_readable(call);
        break;
    case 1:
    case 2:
        if (f.wire_call && f.is_lent) {
            f.is_lent = false;
            call_drained(call);
        }
        break;
    case 3:
        if (f.wire_call)
            call_input_over(call);
        break;
    case 4:
        if (f.wire_call && f.left % 3 == 0) {
            f.wire_call = NULL;
            f.is_lent = false;
            call_gone(call);
        }
        break;
    case 5:
        if (f.left % 5 == 0 && !call->is_canceled)
            call_cancel(call);
        break;
    default:
        break;
    }
    call_run_due(runtime);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cgw_app app = {.magic = CGW_MAGIC, .call = app_call};
    static const struct settings settings = {0};
    struct call_runtime runtime;
    static bool is_quiet;
    if (!is_quiet)
        is_quiet = log_start("/dev/null", false, LOG_LEVEL_ERROR) == 0;
    memset(&f, 0, sizeof f);
    f.bytes = data;
    f.left = size;
    call_runtime_init(&runtime, &app, &settings);
    struct call *call = call_get(&runtime, &call_http, &wire, &f);
    must(call);
    call->scope = (struct cgw_scope){.size = sizeof call->scope, .type = CGW_SCOPE_HTTP};
    unsigned what = decide(5); /* 2 and 3: pages get a tail */
    f.is_head = call->is_head_request = what % 2 == 1;
    runtime.is_development = what == 2 || what == 3;
    runtime.html_tail = runtime.is_development ? STR("tail") : STR("");
    call->takes_trailers = decide(2);
    call->takes_informational = decide(2);
    f.wire_call = call;
    call_begin(call);
    while (!f.ended && f.left)
        turn(&runtime, call);
    /* the input is over: cancel, as a drain would; the application must hear of it and finish */
    if (!f.ended) {
        if (!call->is_canceled)
            call_cancel(call);
        while (call_run_due(&runtime))
            ;
        if (f.call && !f.ended) {
            must(f.receives == 0 && f.sends == 0);
            do_finish(CGW_ECANCELED);
        }
    }
    must(f.ended == 1 && runtime.n_running == 0);
    call_runtime_fini(&runtime);
    return 0;
}
