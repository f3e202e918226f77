/* The table of legal events, held against the specification's sentences (ASGI 3.0, HTTP 2.5). */
#include "app/order.h"
#include "unit.h"
#include <cgw/abi.h>

static const struct {
    enum order_state state;
    unsigned event;
    int next, next_more; /* -1: illegal */
} rows[] = {
    /* row 92 to 98: a body before the start, a second start, anything behind the end */
    {ORDER_HTTP_NEW, CGW_HTTP_RESPONSE_START, ORDER_HTTP_HEAD, ORDER_HTTP_HEAD},
    {ORDER_HTTP_NEW, CGW_HTTP_RESPONSE_BODY, -1, -1},
    {ORDER_HTTP_NEW, CGW_HTTP_RESPONSE_FILE, -1, -1},
    {ORDER_HTTP_NEW, CGW_HTTP_RESPONSE_TRAILERS, -1, -1},
    {ORDER_HTTP_NEW, CGW_HTTP_RESPONSE_INFORMATIONAL, ORDER_HTTP_NEW, ORDER_HTTP_NEW},
    {ORDER_HTTP_HEAD, CGW_HTTP_RESPONSE_START, -1, -1},
    {ORDER_HTTP_HEAD, CGW_HTTP_RESPONSE_BODY, ORDER_HTTP_DONE, ORDER_HTTP_BODY},
    {ORDER_HTTP_HEAD, CGW_HTTP_RESPONSE_FILE, ORDER_HTTP_DONE, ORDER_HTTP_BODY},
    {ORDER_HTTP_HEAD, CGW_HTTP_RESPONSE_INFORMATIONAL, -1, -1},
    {ORDER_HTTP_BODY, CGW_HTTP_RESPONSE_BODY, ORDER_HTTP_DONE, ORDER_HTTP_BODY},
    {ORDER_HTTP_BODY, CGW_HTTP_RESPONSE_START, -1, -1},
    {ORDER_HTTP_BODY, CGW_HTTP_RESPONSE_TRAILERS, -1, -1},
    {ORDER_HTTP_TRAILERS, CGW_HTTP_RESPONSE_TRAILERS, ORDER_HTTP_DONE, ORDER_HTTP_TRAILERS},
    {ORDER_HTTP_TRAILERS, CGW_HTTP_RESPONSE_BODY, -1, -1},
    {ORDER_HTTP_DONE, CGW_HTTP_RESPONSE_START, -1, -1},
    {ORDER_HTTP_DONE, CGW_HTTP_RESPONSE_BODY, -1, -1},
    {ORDER_HTTP_DONE, CGW_HTTP_RESPONSE_TRAILERS, -1, -1},
    /* row 148: a message before accept, a second accept */
    {ORDER_WS_CONNECTING, CGW_WS_ACCEPT, ORDER_WS_OPEN, ORDER_WS_OPEN},
    {ORDER_WS_CONNECTING, CGW_WS_SEND, -1, -1},
    {ORDER_WS_CONNECTING, CGW_WS_CLOSE, ORDER_WS_DONE, ORDER_WS_DONE},
    {ORDER_WS_OPEN, CGW_WS_ACCEPT, -1, -1},
    {ORDER_WS_OPEN, CGW_WS_SEND, ORDER_WS_OPEN, ORDER_WS_OPEN},
    {ORDER_WS_DONE, CGW_WS_SEND, -1, -1},
    /* lifespan: answered only when asked, once each */
    {ORDER_LIFESPAN_NEW, CGW_LIFESPAN_STARTUP_COMPLETE, -1, -1},
    {ORDER_LIFESPAN_STARTING, CGW_LIFESPAN_STARTUP_COMPLETE, ORDER_LIFESPAN_RUNNING,
     ORDER_LIFESPAN_RUNNING},
    {ORDER_LIFESPAN_STARTING, CGW_LIFESPAN_STARTUP_FAILED, ORDER_LIFESPAN_DONE,
     ORDER_LIFESPAN_DONE},
    {ORDER_LIFESPAN_STARTING, CGW_LIFESPAN_SHUTDOWN_COMPLETE, -1, -1},
    {ORDER_LIFESPAN_RUNNING, CGW_LIFESPAN_STARTUP_COMPLETE, -1, -1},
    {ORDER_LIFESPAN_RUNNING, CGW_LIFESPAN_SHUTDOWN_COMPLETE, -1, -1},
    {ORDER_LIFESPAN_STOPPING, CGW_LIFESPAN_SHUTDOWN_COMPLETE, ORDER_LIFESPAN_DONE,
     ORDER_LIFESPAN_DONE},
    {ORDER_LIFESPAN_DONE, CGW_LIFESPAN_SHUTDOWN_COMPLETE, -1, -1},
};

START_TEST(follows_the_specification)
{
    struct order_step step = order_of(rows[_i].state, rows[_i].event);
    ck_assert_int_eq(step.is_legal, rows[_i].next >= 0);
    if (rows[_i].next < 0)
        return;
    ck_assert_int_eq(step.next, rows[_i].next);
    ck_assert_int_eq(step.next_more, rows[_i].next_more);
}
END_TEST

/* Row 100: what is received is never sent, and what nobody knows is never legal. */
START_TEST(refuses_what_is_not_sent)
{
    static const unsigned received[] = {0,
                                        CGW_LIFESPAN_STARTUP,
                                        CGW_LIFESPAN_SHUTDOWN,
                                        CGW_HTTP_REQUEST,
                                        CGW_HTTP_DISCONNECT,
                                        CGW_WS_CONNECT,
                                        CGW_WS_RECEIVE,
                                        CGW_WS_DISCONNECT,
                                        7,
                                        38,
                                        99,
                                        65535,
                                        UINT32_MAX};
    for (int state = 0; state < ORDER_STATES; state++)
        for (size_t i = 0; i < sizeof received / sizeof *received; i++)
            ck_assert(!order_of((enum order_state)state, received[i]).is_legal);
    ck_assert(!order_of(ORDER_STATES, CGW_HTTP_RESPONSE_START).is_legal);
}
END_TEST

START_TEST(names_everything)
{
    ck_assert_str_eq(order_event_name(CGW_HTTP_RESPONSE_START), "http.response.start");
    ck_assert_str_eq(order_event_name(CGW_WS_CLOSE), "websocket.close");
    ck_assert_str_eq(order_event_name(99), "unknown event");
    for (int state = 0; state < ORDER_STATES; state++)
        ck_assert_str_ne(order_state_name((enum order_state)state), "no state");
    ck_assert_str_eq(order_state_name(ORDER_STATES), "no state");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("order");
    TCase *tests = tcase_create("table");
    tcase_add_loop_test(tests, follows_the_specification, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tests, refuses_what_is_not_sent);
    tcase_add_test(tests, names_everything);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
