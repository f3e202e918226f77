/* The board as Prometheus text: every sample by its line, labels escaped, names as in the manual.
 */
#include "proc/metrics/metrics_text.h"
#include "unit.h"
#include <stdio.h>

static struct board *board;
static struct page page;

static void setup(void)
{
    board = board_new();
    ck_assert_ptr_nonnull(board);
}

static void teardown(void)
{
    page_fini(&page);
    board_close(board);
}

static void print(void)
{
    page_fini(&page);
    ck_assert_int_eq(metrics_text_print(&page, board), 0);
}

/* The whole line is there, once. */
static void has_line(const char *line)
{
    char wanted[512];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    const char *found = strstr(page.text, wanted);
    ck_assert_msg(found != NULL, "no line %s in\n%s", line, page.text);
    ck_assert_ptr_null(strstr(found + 1, wanted));
}

START_TEST(counters_of_workers_alive_and_gone)
{
    struct board_slot *first = board_take(board), *second = board_take(board);
    uint32_t route = board_route(first, "/items/{id}", 11);
    board_add(&first->routes[route].requests[BOARD_GET][2], 40);
    board_add(&first->routes[0].requests[BOARD_OTHER][0], 1);
    board_add(&second->routes[0].requests[BOARD_DELETE][5], 3);
    route = board_route(second, "/items/{id}", 11);
    board_add(&second->routes[route].requests[BOARD_GET][2], 2);
    board_add(&second->routes[route].blocked, 7);
    second->routes[route].is_promoted = 1;
    board_add(&first->accepted, 5);
    board_add(&second->bytes_sent, 6);
    board_add(&second->bytes_received, 8);
    board_add(&first->refused, 9);
    board_put(board, first);
    print();
    has_line("cgw_requests_total{route=\"/items/{id}\",method=\"GET\",status=\"2xx\"} 42");
    has_line("cgw_requests_total{route=\"\",method=\"other\",status=\"none\"} 1");
    has_line("cgw_requests_total{route=\"\",method=\"DELETE\",status=\"5xx\"} 3");
    has_line("cgw_blocked_total{route=\"/items/{id}\"} 7");
    has_line("cgw_blocked_total{route=\"\"} 0");
    has_line("cgw_promoted{route=\"/items/{id}\"} 1");
    has_line("cgw_connections_accepted_total 5");
    has_line("cgw_sent_bytes_total 6");
    has_line("cgw_received_bytes_total 8");
    has_line("cgw_refused_total 9");
}
END_TEST

START_TEST(histograms_in_seconds)
{
    struct board_slot *slot = board_take(board);
    uint32_t route = board_route(slot, "/a", 2);
    board_observe(&slot->routes[route].duration, 100);
    board_observe(&slot->routes[route].duration, 700);
    board_observe(&slot->routes[route].duration, 1500000);
    board_observe(&slot->routes[route].duration, 11000000);
    board_observe(&slot->loop_lag, 250000);
    print();
    has_line("cgw_request_duration_seconds_bucket{route=\"/a\",le=\"0.0001\"} 1");
    has_line("cgw_request_duration_seconds_bucket{route=\"/a\",le=\"0.001\"} 2");
    has_line("cgw_request_duration_seconds_bucket{route=\"/a\",le=\"1\"} 2");
    has_line("cgw_request_duration_seconds_bucket{route=\"/a\",le=\"2.5\"} 3");
    has_line("cgw_request_duration_seconds_bucket{route=\"/a\",le=\"10\"} 3");
    has_line("cgw_request_duration_seconds_bucket{route=\"/a\",le=\"+Inf\"} 4");
    has_line("cgw_request_duration_seconds_sum{route=\"/a\"} 12.500800");
    has_line("cgw_request_duration_seconds_count{route=\"/a\"} 4");
    has_line("cgw_loop_lag_seconds_bucket{le=\"0.1\"} 0");
    has_line("cgw_loop_lag_seconds_bucket{le=\"0.25\"} 1");
    has_line("cgw_loop_lag_seconds_sum 0.250000");
    has_line("cgw_pool_wait_seconds_count 0");
}
END_TEST

START_TEST(gauges_and_workers)
{
    struct board_slot *first = board_take(board), *second = board_take(board);
    first->state = BOARD_SERVING;
    second->state = BOARD_DRAINING;
    first->started_us = 1700000000000001u;
    second->rss_bytes = 12345;
    first->connections = 3;
    second->connections = 4;
    first->in_flight = 1;
    second->pool_busy = 2;
    board->generation = 5;
    board->workers_wanted = 1;
    board_add(&board->restarts, 1);
    board_add(&board->crashes, 2);
    board_add(&board->hangs, 3);
    board_add(&board->recycled, 4);
    board_add(&board->reloads, 5);
    board_add(&board->rollbacks, 6);
    print();
    has_line("cgw_workers{state=\"starting\"} 0");
    has_line("cgw_workers{state=\"serving\"} 1");
    has_line("cgw_workers{state=\"draining\"} 1");
    has_line("cgw_workers_wanted 1");
    has_line("cgw_worker_start_time_seconds{worker=\"0\"} 1700000000.000001");
    has_line("cgw_worker_memory_bytes{worker=\"1\"} 12345");
    ck_assert_ptr_null(strstr(page.text, "cgw_worker_memory_bytes{worker=\"0\"}"));
    has_line("cgw_connections 7");
    has_line("cgw_requests_in_flight 1");
    has_line("cgw_pool_busy 2");
    has_line("cgw_generation 5");
    has_line("cgw_worker_restarts_total 1");
    has_line("cgw_worker_crashes_total 2");
    has_line("cgw_worker_hangs_total 3");
    has_line("cgw_worker_recycled_total 4");
    has_line("cgw_reloads_total{result=\"success\"} 5");
    has_line("cgw_reloads_total{result=\"failure\"} 0");
    has_line("cgw_reloads_total{result=\"rollback\"} 6");
}
END_TEST

START_TEST(labels_are_escaped)
{
    static const char name[] = "/\"a\"\\b\nc\xff\xc3\xa9";
    struct board_slot *slot = board_take(board);
    board_route(slot, name, sizeof name - 1);
    board_route(slot, "\\xff", 4);
    board_route(slot, "\xff", 1);
    print();
    has_line("cgw_blocked_total{route=\"\\\\x5cxff\"} 0"); /* in words, and the byte */
    has_line("cgw_blocked_total{route=\"\\\\xff\"} 0");
    has_line("cgw_blocked_total{route=\"/\\\"a\\\"\\\\b\\\\x0ac\\\\xff\xc3\xa9\"} 0");
}
END_TEST

/* As many routes as there can be, with the longest names of the worst bytes: it stays bounded. */
START_TEST(the_largest_board)
{
    struct board_slot *slot = board_take(board);
    for (int i = 1; i < BOARD_ROUTES; i++) {
        char name[BOARD_ROUTE_BYTES];
        memset(name, '\x01', sizeof name);
        snprintf(name, sizeof name, "%d", i);
        name[strlen(name)] = '\x01';
        uint32_t route = board_route(slot, name, sizeof name - 1);
        ck_assert_int_eq((int)route, i);
        board_observe(&slot->routes[route].duration, 1);
        for (size_t k = 0; k < (size_t)BOARD_METHODS * BOARD_CLASSES; k++)
            slot->routes[route].requests[k / BOARD_CLASSES][k % BOARD_CLASSES] = UINT64_MAX;
    }
    print();
    ck_assert_uint_lt(page.len, PAGE_BYTES_MAX);
}
END_TEST

/* Every "# TYPE name type" is an item of METRICS, and the other way round. */
static size_t count_items(FILE *manual)
{
    char line[512];
    size_t n = 0;
    bool is_inside = false;
    while (fgets(line, sizeof line, manual)) {
        char name[64], wanted[128];
        if (!strncmp(line, ".Sh ", 4))
            is_inside = !strcmp(line, ".Sh METRICS\n");
        if (!is_inside || sscanf(line, ".It Li cgw_%63[a-z_]", name) != 1)
            continue;
        snprintf(wanted, sizeof wanted, "# TYPE cgw_%s ", name);
        ck_assert_msg(strstr(page.text, wanted) != NULL, "the manual's cgw_%s is not rendered",
                      name);
        n++;
    }
    return n;
}

START_TEST(names_are_those_of_the_manual)
{
    print();
    size_t n = 0;
    for (const char *p = page.text; (p = strstr(p, "# TYPE ")); p++)
        n++;
    FILE *manual = fopen(MANUAL, "r");
    ck_assert_msg(manual != NULL, "cannot read %s", MANUAL);
    ck_assert_uint_eq(count_items(manual), n);
    fclose(manual);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("metrics_text");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, counters_of_workers_alive_and_gone);
    tcase_add_test(tcase, histograms_in_seconds);
    tcase_add_test(tcase, gauges_and_workers);
    tcase_add_test(tcase, labels_are_escaped);
    tcase_add_test(tcase, the_largest_board);
    tcase_add_test(tcase, names_are_those_of_the_manual);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
