/*
 * The layout of the interface on LP64: every size and offset that a released application has been
 * compiled against. Most of it is proved by compiling this; a line here may be added, never
 * changed.
 */
#include "base/str.h"
#include "unit.h"
#include <cgw/abi.h>
#include <string.h>
#include <sys/uio.h>

#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), "size of " #type)
#define AT(type, member, byte) \
    _Static_assert(offsetof(struct type, member) == (byte), #type "." #member)
#define WIDE(type, member, bytes) \
    _Static_assert(sizeof(((struct type *)0)->member) == (bytes), "width of " #type "." #member)
#define FIELD(type, member, byte, bytes) \
    AT(type, member, byte);              \
    WIDE(type, member, bytes)
#define VALUE(name, value) _Static_assert((name) == (value), #name)

SIZE(cgw_str, 16);
FIELD(cgw_str, ptr, 0, 8);
FIELD(cgw_str, len, 8, 8);

SIZE(cgw_header, 32);
FIELD(cgw_header, name, 0, 16);
FIELD(cgw_header, value, 16, 16);

SIZE(cgw_scope, 216);
FIELD(cgw_scope, size, 0, 4);
FIELD(cgw_scope, type, 4, 2);
FIELD(cgw_scope, http_major, 6, 1);
FIELD(cgw_scope, http_minor, 7, 1);
FIELD(cgw_scope, asgi_version, 8, 16);
FIELD(cgw_scope, spec_version, 24, 16);
FIELD(cgw_scope, scheme, 40, 16);
FIELD(cgw_scope, method, 56, 16);
FIELD(cgw_scope, path, 72, 16);
FIELD(cgw_scope, raw_path, 88, 16);
FIELD(cgw_scope, query, 104, 16);
FIELD(cgw_scope, root_path, 120, 16);
FIELD(cgw_scope, headers, 136, 8);
FIELD(cgw_scope, n_headers, 144, 8);
FIELD(cgw_scope, client, 152, 16);
FIELD(cgw_scope, server, 168, 16);
FIELD(cgw_scope, client_port, 184, 2);
FIELD(cgw_scope, server_port, 186, 2);
FIELD(cgw_scope, reserved, 188, 4);
FIELD(cgw_scope, state, 192, 8);
FIELD(cgw_scope, subprotocols, 200, 8);
FIELD(cgw_scope, n_subprotocols, 208, 8);

SIZE(cgw_event, 64);
FIELD(cgw_event, type, 0, 2);
FIELD(cgw_event, flags, 2, 2);
FIELD(cgw_event, size, 4, 4);
FIELD(cgw_event, u, 8, 56);
FIELD(cgw_event, u.body, 8, 16);
FIELD(cgw_event, u.body.data, 8, 16);
FIELD(cgw_event, u.bodyv, 8, 16);
FIELD(cgw_event, u.bodyv.parts, 8, 8);
FIELD(cgw_event, u.bodyv.n_parts, 16, 8);
FIELD(cgw_event, u.start.headers, 8, 8);
FIELD(cgw_event, u.start.n_headers, 16, 8);
FIELD(cgw_event, u.start.status, 24, 2);
FIELD(cgw_event, u.accept.headers, 8, 8);
FIELD(cgw_event, u.accept.n_headers, 16, 8);
FIELD(cgw_event, u.accept.subprotocol, 24, 16);
FIELD(cgw_event, u.close.reason, 8, 16);
FIELD(cgw_event, u.close.code, 24, 2);
FIELD(cgw_event, u.lifespan.message, 8, 16);
FIELD(cgw_event, u.lifespan.state, 24, 8);
FIELD(cgw_event, u.file.path, 8, 16);
FIELD(cgw_event, u.file.offset, 24, 8);
FIELD(cgw_event, u.file.count, 32, 8);
FIELD(cgw_event, u.file.fd, 40, 4);
FIELD(cgw_event, u.reserved, 8, 56);

SIZE(cgw_call, 24);
FIELD(cgw_call, scope, 0, 8);
FIELD(cgw_call, host, 8, 8);
FIELD(cgw_call, user, 16, 8);

SIZE(cgw_host, 80);
FIELD(cgw_host, size, 0, 4);
FIELD(cgw_host, abi_major, 4, 2);
FIELD(cgw_host, abi_minor, 6, 2);
FIELD(cgw_host, name, 8, 8);
FIELD(cgw_host, version, 16, 8);
FIELD(cgw_host, receive, 24, 8);
FIELD(cgw_host, send, 32, 8);
FIELD(cgw_host, finish, 40, 8);
FIELD(cgw_host, alloc, 48, 8);
FIELD(cgw_host, post, 56, 8);
FIELD(cgw_host, log, 64, 8);
FIELD(cgw_host, extension, 72, 8);

SIZE(cgw_app, 56);
FIELD(cgw_app, magic, 0, 4);
FIELD(cgw_app, abi_major, 4, 2);
FIELD(cgw_app, abi_minor, 6, 2);
FIELD(cgw_app, size, 8, 4);
FIELD(cgw_app, flags, 12, 4);
FIELD(cgw_app, kind, 16, 4);
FIELD(cgw_app, stack_size, 20, 4);
FIELD(cgw_app, name, 24, 8);
FIELD(cgw_app, version, 32, 8);
FIELD(cgw_app, call, 40, 8);
FIELD(cgw_app, extension, 48, 8);

SIZE(cgw_timer, 128);
FIELD(cgw_timer, opaque, 0, 128);

SIZE(cgw_watch, 128);
FIELD(cgw_watch, opaque, 0, 128);

SIZE(cgw_loop, 48);
FIELD(cgw_loop, size, 0, 4);
FIELD(cgw_loop, reserved, 4, 4);
FIELD(cgw_loop, now, 8, 8);
FIELD(cgw_loop, timer_start, 16, 8);
FIELD(cgw_loop, timer_stop, 24, 8);
FIELD(cgw_loop, watch_start, 32, 8);
FIELD(cgw_loop, watch_stop, 40, 8);

SIZE(cgw_thread, 16);
FIELD(cgw_thread, size, 0, 4);
FIELD(cgw_thread, reserved, 4, 4);
FIELD(cgw_thread, run, 8, 8);

SIZE(cgw_disconnect, 24);
FIELD(cgw_disconnect, size, 0, 4);
FIELD(cgw_disconnect, reserved, 4, 4);
FIELD(cgw_disconnect, is_disconnected, 8, 8);
FIELD(cgw_disconnect, notify, 16, 8);

SIZE(cgw_shutdown, 24);
FIELD(cgw_shutdown, size, 0, 4);
FIELD(cgw_shutdown, reserved, 4, 4);
FIELD(cgw_shutdown, is_draining, 8, 8);
FIELD(cgw_shutdown, notify, 16, 8);

SIZE(cgw_route, 24);
FIELD(cgw_route, size, 0, 4);
FIELD(cgw_route, reserved, 4, 4);
FIELD(cgw_route, set, 8, 8);
FIELD(cgw_route, is_promoted, 16, 8);

SIZE(cgw_current, 16);
FIELD(cgw_current, size, 0, 4);
FIELD(cgw_current, reserved, 4, 4);
FIELD(cgw_current, set, 8, 8);

SIZE(cgw_debug, 8);
FIELD(cgw_debug, size, 0, 4);
FIELD(cgw_debug, reserved, 4, 4);

SIZE(cgw_task, 80);
FIELD(cgw_task, size, 0, 4);
FIELD(cgw_task, reserved, 4, 4);
FIELD(cgw_task, id, 8, 8);
FIELD(cgw_task, parent, 16, 8);
FIELD(cgw_task, name, 24, 8);
FIELD(cgw_task, route, 32, 8);
FIELD(cgw_task, state, 40, 8);
FIELD(cgw_task, file, 48, 8);
FIELD(cgw_task, function, 56, 8);
FIELD(cgw_task, line, 64, 4);
FIELD(cgw_task, is_on_thread, 68, 4);
FIELD(cgw_task, since_us, 72, 8);

SIZE(cgw_tasks, 16);
FIELD(cgw_tasks, size, 0, 4);
FIELD(cgw_tasks, reserved, 4, 4);
FIELD(cgw_tasks, each, 8, 8);

SIZE(cgw_event_extension, 16);
FIELD(cgw_event_extension, size, 0, 4);
FIELD(cgw_event_extension, event, 4, 2);
FIELD(cgw_event_extension, reserved, 6, 2);
FIELD(cgw_event_extension, is_wanted, 8, 8);

/* enum cgw_status */
VALUE(CGW_PENDING, 1);
VALUE(CGW_OK, 0);
VALUE(CGW_EINVAL, -1);
VALUE(CGW_ECLOSED, -2);
VALUE(CGW_ENOMEM, -3);
VALUE(CGW_ECANCELED, -4);
VALUE(CGW_EBUSY, -5);
VALUE(CGW_EIO, -6);

/* enum cgw_scope_type */
VALUE(CGW_SCOPE_LIFESPAN, 1);
VALUE(CGW_SCOPE_HTTP, 2);
VALUE(CGW_SCOPE_WEBSOCKET, 3);

/* enum cgw_event_type */
VALUE(CGW_LIFESPAN_STARTUP, 1);
VALUE(CGW_LIFESPAN_STARTUP_COMPLETE, 2);
VALUE(CGW_LIFESPAN_STARTUP_FAILED, 3);
VALUE(CGW_LIFESPAN_SHUTDOWN, 4);
VALUE(CGW_LIFESPAN_SHUTDOWN_COMPLETE, 5);
VALUE(CGW_LIFESPAN_SHUTDOWN_FAILED, 6);
VALUE(CGW_HTTP_REQUEST, 16);
VALUE(CGW_HTTP_DISCONNECT, 17);
VALUE(CGW_HTTP_RESPONSE_START, 18);
VALUE(CGW_HTTP_RESPONSE_BODY, 19);
VALUE(CGW_HTTP_RESPONSE_TRAILERS, 20);
VALUE(CGW_HTTP_RESPONSE_INFORMATIONAL, 21);
VALUE(CGW_HTTP_RESPONSE_FILE, 22);
VALUE(CGW_WS_CONNECT, 32);
VALUE(CGW_WS_ACCEPT, 33);
VALUE(CGW_WS_RECEIVE, 34);
VALUE(CGW_WS_SEND, 35);
VALUE(CGW_WS_DISCONNECT, 36);
VALUE(CGW_WS_CLOSE, 37);

/* enum cgw_event_flag */
VALUE(CGW_MORE, 1);
VALUE(CGW_TEXT, 2);
VALUE(CGW_TRAILERS, 4);

/* enum cgw_log_level */
VALUE(CGW_LOG_DEBUG, 0);
VALUE(CGW_LOG_INFO, 1);
VALUE(CGW_LOG_WARNING, 2);
VALUE(CGW_LOG_ERROR, 3);

/* enum cgw_kind */
VALUE(CGW_ASYNC, 0);
VALUE(CGW_SYNC, 1);

/* enum cgw_app_flag */
VALUE(CGW_LIFESPAN, 1);
VALUE(CGW_WEBSOCKET, 2);
VALUE(CGW_THREAD_SAFE, 4);
VALUE(CGW_PROMOTES, 8);

/* enum cgw_readiness */
VALUE(CGW_READABLE, 1);
VALUE(CGW_WRITABLE, 2);

VALUE(CGW_ABI_MAJOR, 1);
VALUE(CGW_MAGIC, 0x31574743u);
VALUE(CGW_FILE_REST, UINT64_MAX);

/* What other headers must look like for the casts of the host to be sound. */
#define SAME(a, member_a, b, member_b)                                                         \
    _Static_assert(offsetof(struct a, member_a) == offsetof(struct b, member_b) &&             \
                       sizeof(((struct a *)0)->member_a) == sizeof(((struct b *)0)->member_b), \
                   #a " and " #b)
_Static_assert(sizeof(struct cgw_str) == sizeof(struct iovec), "cgw_str and iovec");
SAME(cgw_str, ptr, iovec, iov_base);
SAME(cgw_str, len, iovec, iov_len);
SAME(cgw_str, ptr, str, ptr);
SAME(cgw_str, len, str, len);
SAME(cgw_header, name, field, name);
SAME(cgw_header, value, field, value);

/* What makes the first 16 bytes of a descriptor the same in every major, byte by byte. */
START_TEST(the_frozen_head_reads_the_same_for_ever)
{
    const struct cgw_app app = {CGW_MAGIC, 0x0102, 0x0304, 0x05060708, 0x090a0b0c, 0,
                                0,         0,      0,      0,          0};
    static const unsigned char wanted[16] = {'C', 'G', 'W', '1', 2,  1,  4,  3,
                                             8,   7,   6,   5,   12, 11, 10, 9};
    ck_assert_mem_eq(&app, wanted, sizeof wanted);
}
END_TEST

START_TEST(builders_fill_whole_events)
{
    static const struct cgw_header headers[] = {CGW_HEADER("a", "bc")};
    static const struct cgw_str parts[] = {CGW_STR("x"), CGW_STR("yz")};
    struct cgw_event start = cgw_event_start(204, headers, 1);
    struct cgw_event body = cgw_event_body(parts, 2, CGW_MORE);
    struct cgw_event wanted = {.type = CGW_HTTP_RESPONSE_START, .size = 64};
    wanted.u.start.headers = headers;
    wanted.u.start.n_headers = 1;
    wanted.u.start.status = 204;
    ck_assert_mem_eq(&start, &wanted, sizeof wanted);
    wanted = (struct cgw_event){.type = CGW_HTTP_RESPONSE_BODY, .flags = CGW_MORE, .size = 64};
    wanted.u.bodyv.parts = parts;
    wanted.u.bodyv.n_parts = 2;
    ck_assert_mem_eq(&body, &wanted, sizeof wanted);
    ck_assert_uint_eq(headers[0].value.len, 2);
    ck_assert_uint_eq(parts[1].len, 2);
}
END_TEST

static void call(struct cgw_call *unused)
{
    (void)unused;
}

#pragma GCC visibility push(hidden)
CGW_APP(.name = "x", .call = call);
#pragma GCC visibility pop

START_TEST(the_macro_fills_the_descriptor)
{
    ck_assert_uint_eq(cgw_app.magic, CGW_MAGIC);
    ck_assert_uint_eq(cgw_app.abi_major, CGW_ABI_MAJOR);
    ck_assert_uint_eq(cgw_app.abi_minor, CGW_ABI_MINOR);
    ck_assert_uint_eq(cgw_app.size, sizeof cgw_app);
    ck_assert_uint_eq(cgw_app.kind, CGW_ASYNC);
    ck_assert_uint_eq(cgw_app.flags, 0);
    ck_assert_ptr_eq(cgw_app.call, call);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("abi");
    TCase *tests = tcase_create("layout");
    tcase_add_test(tests, the_frozen_head_reads_the_same_for_ever);
    tcase_add_test(tests, builders_fill_whole_events);
    tcase_add_test(tests, the_macro_fills_the_descriptor);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
