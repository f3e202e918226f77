/* Replies that keep to the rules, each with something of its own in the head or the body. */
#include "probe.h"

static void send_all(struct probe *probe)
{
    probe_send(probe, probe_finish);
}

static void text_type(struct probe *probe)
{
    probe_header(probe, "content-type", probe_str("text/plain"));
}

static void root(struct probe *probe)
{
    probe_reply(probe, 200, probe_str("probe\n"));
}

static void hello(struct probe *probe)
{
    probe_reply(probe, 200, probe_str("Hello, world!\n"));
}

static void status(struct probe *probe)
{
    unsigned code = (unsigned)probe_arg(probe, 200);
    struct cgw_str body = probe_text(probe, "body"), cl = probe_text(probe, "cl");
    if (!body.ptr)
        body = probe_format(probe, "status %u\n", code);
    text_type(probe);
    if (!cl.ptr)
        probe_length(probe, body.len);
    else if (!probe_is(cl, "no"))
        probe_header(probe, "content-length", cl);
    probe_start(probe, code);
    probe_body(probe, body, 0);
    send_all(probe);
}

static void reset_content(struct probe *probe)
{
    probe_reply(probe, 205, probe_str("hello\n"));
}

/* All pieces in one send(): more events than probe->out holds, so an array of their own. */
static void no_length(struct probe *probe)
{
    size_t n = (size_t)probe_number(probe, "n", 3);
    struct cgw_event *events = probe_alloc(probe, (n + 1) * sizeof(*events));
    struct cgw_str *parts = probe_alloc(probe, (n + 1) * sizeof(*parts));
    text_type(probe);
    probe_start(probe, 200);
    if (!events || !parts)
        return;
    events[0] = probe->out[0];
    for (size_t i = 0; i < n; i++) {
        parts[i] = probe_format(probe, "piece %zu\n", i);
        events[i + 1] = cgw_event_body(&parts[i], 1, i + 1 < n ? CGW_MORE : 0);
    }
    if (probe->is_over)
        return;
    int sent = probe->call->host->send(probe->call, events, n + 1, probe_done, probe);
    probe_expect(probe, sent, probe_finish);
}

static void empty_chunk(struct probe *probe)
{
    text_type(probe);
    probe_start(probe, 200);
    probe_body(probe, probe_str("a"), CGW_MORE);
    probe_body(probe, probe_str(""), CGW_MORE);
    probe_body(probe, probe_str("b"), CGW_MORE);
    probe_body(probe, probe_str(""), 0);
    send_all(probe);
}

static void empty(struct probe *probe)
{
    probe_start(probe, 200);
    probe_body(probe, probe_str(""), 0);
    send_all(probe);
}

static void zero(struct probe *probe)
{
    probe_length(probe, 0);
    empty(probe);
}

static void no_content_type(struct probe *probe)
{
    probe_length(probe, 6);
    probe_start(probe, 200);
    probe_body(probe, probe_str("hello\n"), 0);
    send_all(probe);
}

static void hello_body(struct probe *probe)
{
    probe_start(probe, 200);
    probe_body(probe, probe_str("hello"), 0);
    send_all(probe);
}

static void both(struct probe *probe)
{
    probe_length(probe, 5);
    probe_header(probe, "transfer-encoding", probe_str("chunked"));
    hello_body(probe);
}

static void app_te(struct probe *probe)
{
    probe_header(probe, "transfer-encoding", probe_str("chunked"));
    hello_body(probe);
}

static void two_cl(struct probe *probe)
{
    probe_length(probe, 5);
    probe_length(probe, 6);
    hello_body(probe);
}

/* ---- a field more ---- */

static void with(struct probe *probe, const char *name, const char *value)
{
    probe_header(probe, name, probe_str(value));
    probe_reply(probe, 200, probe_str("hello\n"));
}

static void close_header(struct probe *probe)
{
    with(probe, "connection", "close");
}

static void date(struct probe *probe)
{
    with(probe, "date", "Thu, 01 Jan 1970 00:00:00 GMT");
}

static void server_header(struct probe *probe)
{
    with(probe, "server", "probe");
}

static void upper(struct probe *probe)
{
    with(probe, "X-Upper", "Yes");
}

static void set_cookies(struct probe *probe)
{
    probe_header(probe, "set-cookie", probe_str("a=1"));
    probe_header(probe, "set-cookie", probe_str("b=2"));
    with(probe, "set-cookie", "c=3");
}

static void headers(struct probe *probe)
{
    size_t n = (size_t)probe_arg(probe, 1);
    probe_reserve(probe, n);
    for (size_t i = 0; i < n && !probe->is_over; i++)
        probe_field(probe, probe_format(probe, "x-%zu", i), probe_format(probe, "%zu", i));
    probe_reply(probe, 200, probe_str("hello\n"));
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 0;
}

static struct cgw_str unhex(struct probe *probe, struct cgw_str text)
{
    char *bytes = probe_alloc(probe, text.len / 2 + 1);
    for (size_t i = 0; bytes && i < text.len / 2; i++)
        bytes[i] = (char)(digit(text.ptr[2 * i]) << 4 | digit(text.ptr[2 * i + 1]));
    return bytes ? (struct cgw_str){bytes, text.len / 2} : (struct cgw_str){"", 0};
}

static void header(struct probe *probe)
{
    struct cgw_str name = probe_text(probe, "name"), value = probe_text(probe, "value");
    probe_field(probe, name.ptr ? unhex(probe, name) : probe_str("x-probe"),
                value.ptr ? unhex(probe, value) : probe_str("ok"));
    probe_reply(probe, 200, probe_str("hello\n"));
}

static void bad_name(struct probe *probe)
{
    probe_field(probe, unhex(probe, probe->call->scope->query), probe_str("ok"));
    probe_reply(probe, 200, probe_str("hello\n"));
}

static void bad_value(struct probe *probe)
{
    probe_header(probe, "x-probe", unhex(probe, probe->call->scope->query));
    probe_reply(probe, 200, probe_str("hello\n"));
}

/* ---- one body event of many parts ---- */

static void send_parts(struct probe *probe, const struct cgw_str *parts, size_t n, size_t bytes)
{
    text_type(probe);
    probe_length(probe, bytes);
    probe_start(probe, 200);
    probe_event(probe, cgw_event_body(parts, n, 0));
    send_all(probe);
}

static void parts(struct probe *probe)
{
    size_t n = (size_t)probe_number(probe, "n", 10), bytes = 0;
    struct cgw_str *list = probe_alloc(probe, (n + 1) * sizeof(*list));
    for (size_t i = 0; list && i < n; i++) {
        list[i] = probe_format(probe, "%zu,", i);
        bytes += list[i].len;
    }
    if (list)
        send_parts(probe, list, n, bytes);
}

static void large(struct probe *probe)
{
    size_t size = (size_t)probe_number(probe, "size", 1048576);
    size_t n = (size + PROBE_BLOCK - 1) / PROBE_BLOCK;
    struct cgw_str *list = probe_alloc(probe, (n + 1) * sizeof(*list));
    for (size_t i = 0; list && i < n; i++) {
        size_t left = size - i * PROBE_BLOCK;
        list[i] = (struct cgw_str){probe_pattern(), left < PROBE_BLOCK ? left : PROBE_BLOCK};
    }
    if (list)
        send_parts(probe, list, n, size);
}

const struct probe_path plain_paths[] = {
    {"", root},
    {"hello", hello},
    {"status", status},
    {"205", reset_content},
    {"no-length", no_length},
    {"empty-chunk", empty_chunk},
    {"empty", empty},
    {"zero", zero},
    {"no-content-type", no_content_type},
    {"both-te-cl", both},
    {"app-te", app_te},
    {"two-cl", two_cl},
    {"close-header", close_header},
    {"date", date},
    {"server-header", server_header},
    {"upper", upper},
    {"set-cookies", set_cookies},
    {"headers", headers},
    {"header", header},
    {"bad-header-name", bad_name},
    {"bad-header-value", bad_value},
    {"large", large},
    {"parts", parts},
    {NULL, NULL},
};
