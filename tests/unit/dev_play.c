/* See dev_play.h. */
#include "dev_play.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/choose.h"
#include "unit.h"
#include <stdio.h>

enum { FIELDS = 8 };

struct board *dev_board;
struct call_runtime dev_runtime;
struct settings dev_settings = {.reload = true};
struct dev_answer dev_answer;
int dev_write_status;

static struct cgw_header fields[FIELDS];

/* ---- the wire ---- */

static void keep_head(const struct head *head)
{
    ck_assert_int_eq(dev_answer.status, 0);
    dev_answer.status = head->status;
    dev_answer.fields[0] = '\0';
    for (size_t i = 0; i < head->n_fields; i++) {
        const struct field *field = &head->fields[i];
        size_t used = strlen(dev_answer.fields);
        snprintf(dev_answer.fields + used, sizeof dev_answer.fields - used, "%.*s: %.*s\n",
                 (int)field->name.len, field->name.ptr, (int)field->value.len, field->value.ptr);
    }
}

static void keep_body(struct str part)
{
    char *body = mem_realloc(dev_answer.body, dev_answer.body_len + part.len + 1);
    ck_assert_ptr_nonnull(body);
    if (part.len)
        memcpy(body + dev_answer.body_len, part.ptr, part.len);
    dev_answer.body = body;
    dev_answer.body_len += part.len;
    body[dev_answer.body_len] = '\0';
}

static int wire_write(struct call *call, const struct call_write *write)
{
    (void)call;
    ck_assert(!dev_answer.is_whole);
    if (write->head)
        keep_head(write->head);
    for (size_t i = 0; i < write->n_parts; i++)
        keep_body(write->parts[i]);
    dev_answer.is_whole = write->end;
    return dev_write_status;
}

static int wire_informational(struct call *call, int status, const struct field *list, size_t n)
{
    (void)call, (void)status, (void)list, (void)n;
    ck_abort_msg("none of the pages says 1xx");
}

static int wire_read(struct call *call, struct str *ret_data, bool *ret_more)
{
    (void)call;
    *ret_data = STR("");
    *ret_more = false;
    return CGW_OK;
}

static void wire_fail(struct call *call, int status)
{
    (void)call, (void)status;
    dev_answer.fails++;
}

static void wire_ended(struct call *call)
{
    (void)call;
    dev_answer.is_ended = true;
}

static const struct call_wire wire = {wire_write, wire_informational, wire_read, wire_fail,
                                      wire_ended};

/* ---- the loop: one timer ---- */

static struct {
    struct cgw_call *call; /* NULL: not armed */
    struct cgw_timer *timer;
    cgw_timer_fn *fn;
    void *arg;
} armed;

static int timer_start(struct cgw_call *call, struct cgw_timer *timer, uint64_t after_us,
                       cgw_timer_fn *fn, void *arg)
{
    ck_assert_uint_ge(after_us, 1000);
    ck_assert_uint_le(after_us, 1000 * 1000);
    armed.call = call;
    armed.timer = timer;
    armed.fn = fn;
    armed.arg = arg;
    return CGW_OK;
}

static void timer_stop(struct cgw_call *call, struct cgw_timer *timer)
{
    (void)call, (void)timer;
    armed.call = NULL;
}

static const struct cgw_loop loop = {
    .size = sizeof loop, .timer_start = timer_start, .timer_stop = timer_stop};

static void disarm(struct call *call)
{
    if (armed.call == &call->pub)
        armed.call = NULL;
}

bool dev_is_armed(void)
{
    return armed.call;
}

bool dev_fire(void)
{
    struct cgw_call *call = armed.call;
    if (!call)
        return false;
    armed.call = NULL;
    call_enter(call_of(call));
    armed.fn(call, armed.timer, armed.arg);
    call_leave(call_of(call));
    return true;
}

/* ---- the application, and the play ---- */

static void app_call(struct cgw_call *call)
{
    static const struct cgw_str body = CGW_STR("the application");
    struct cgw_event events[] = {cgw_event_start(200, NULL, 0), cgw_event_body(&body, 1, 0)};
    dev_answer.was_app = true;
    ck_assert_int_eq(call->host->send(call, events, 2, NULL, NULL), CGW_OK);
    call->host->finish(call, 0);
}

void dev_begin(const struct cgw_app *app)
{
    static const struct cgw_app fine = {.magic = CGW_MAGIC, .call = app_call};
    ck_assert_int_eq(log_start("/dev/null", false, LOG_LEVEL_ERROR), 0);
    dev_board = board_new();
    ck_assert_ptr_nonnull(dev_board);
    call_set_loop_extension(&loop);
    call_runtime_init(&dev_runtime, app ? app : &fine, &dev_settings);
    dev_runtime.disarm = disarm;
    choose_install(&dev_runtime, dev_board, &dev_settings, 1);
    dev_write_status = CGW_OK;
}

void dev_end(void)
{
    ck_assert(list_is_empty(&dev_runtime.running));
    ck_assert(!dev_is_armed());
    call_runtime_fini(&dev_runtime);
    board_close(dev_board);
    mem_free(dev_answer.body);
    dev_answer = (struct dev_answer){0};
    log_stop();
}

static struct cgw_str part(const char *from, const char *to)
{
    return (struct cgw_str){from, (size_t)(to - from)};
}

static size_t read_fields(const char *text)
{
    size_t n = 0;
    while (text && *text) {
        const char *colon = strchr(text, ':'), *end = strchr(text, '\n');
        ck_assert(colon && end && n < FIELDS);
        fields[n++] = (struct cgw_header){part(text, colon), part(colon + 2, end)};
        text = end + 1;
    }
    return n;
}

struct call *dev_request(const char *method, const char *path, const char *lines)
{
    mem_free(dev_answer.body);
    dev_answer = (struct dev_answer){0};
    struct call *call = call_get(&dev_runtime, &call_http, &wire, &dev_answer);
    ck_assert_ptr_nonnull(call);
    call->order = ORDER_HTTP_NEW;
    call->is_head_request = strcmp(method, "HEAD") == 0;
    call->scope = (struct cgw_scope){.size = sizeof call->scope,
                                     .type = CGW_SCOPE_HTTP,
                                     .method = {method, strlen(method)},
                                     .path = {path, strlen(path)},
                                     .raw_path = {path, strlen(path)},
                                     .headers = fields,
                                     .n_headers = read_fields(lines)};
    return call_begin(call) ? call : NULL;
}

void dev_run_due(void)
{
    while (call_run_due(&dev_runtime)) {
    }
}
