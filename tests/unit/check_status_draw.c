/* The picture of --status, line by line, from two samples; and percentiles out of buckets. */
#include "proc/metrics/status_draw.h"
#include "unit.h"
#include <stdio.h>
#include <unistd.h>

static struct board *board;
static struct page page;
static struct status_sample before, now;

static void setup(void)
{
    board = board_new();
    ck_assert_ptr_nonnull(board);
    memset((void *)&before, 0, sizeof before);
    memset((void *)&now, 0, sizeof now);
}

static void teardown(void)
{
    page_fini(&page);
    board_close(board);
}

/* Two seconds lie between the samples, whenever they were taken. */
static void draw(void)
{
    before.at_us = 1000000;
    now.at_us = 3000000;
    now.wall_us = board->started_us + UINT64_C(93784) * 1000000;
    page_fini(&page);
    status_draw(&page, board, &before, &now);
    ck_assert(!page.is_broken);
}

static void has(const char *text)
{
    ck_assert_msg(strstr(page.text, text) != NULL, "no \"%s\" in\n%s", text, page.text);
}

START_TEST(quantiles_by_buckets)
{
    static struct board_histogram histogram;
    ck_assert_uint_eq(status_quantile_us(&histogram, 0.5), 0);
    for (int i = 0; i < 100; i++)
        board_observe(&histogram, i < 50 ? 50 : 200);
    ck_assert_uint_eq(status_quantile_us(&histogram, 0.5), 100);
    ck_assert_uint_eq(status_quantile_us(&histogram, 0.75), 175);
    ck_assert_uint_eq(status_quantile_us(&histogram, 1), 250);
    board_observe(&histogram, UINT64_C(60000000));
    ck_assert_uint_eq(status_quantile_us(&histogram, 1), UINT64_MAX);
}
END_TEST

START_TEST(an_empty_server)
{
    snprintf(board->module, sizeof board->module, "my\033[2J.so");
    snprintf(board->url, sizeof board->url, "http://127.0.0.1:8000");
    board->workers_wanted = 2;
    board->is_draining = 1;
    status_sample(board, &before);
    status_sample(board, &now);
    draw();
    char head[128];
    snprintf(head, sizeof head, "cgw-serve %d  my\\x1b[2J.so  http://127.0.0.1:8000  DRAINING\n",
             (int)getpid());
    ck_assert_int_eq(strncmp(page.text, head, strlen(head)), 0);
    has("\nup 1d 02:03:04  generation 0  workers 0 of 2\n");
    has("\nrequests 0  0.0/s  in flight 0  refused 0\n");
    ck_assert_ptr_null(strstr(page.text, "(not named)"));
}
END_TEST

START_TEST(rates_workers_and_routes)
{
    struct board_slot *slot = board_take(board);
    slot->pid = 4712;
    slot->state = BOARD_SERVING;
    slot->generation = 3;
    slot->started_us = board->started_us;
    slot->connections = 20;
    slot->in_flight = 5;
    slot->rss_bytes = 12 << 20;
    uint32_t slow = board_route(slot, "/slow", 5), quick = board_route(slot, "/quick", 6);
    board_add(&slot->routes[quick].requests[BOARD_GET][2], 100);
    for (int i = 0; i < 10; i++)
        board_observe(&slot->loop_lag, 9000000);
    status_sample(board, &before);
    board_add(&slot->routes[quick].requests[BOARD_GET][2], 300);
    board_add(&slot->routes[slow].requests[BOARD_POST][5], 2);
    board_add(&slot->routes[slow].blocked, 4);
    slot->routes[slow].is_promoted = 1;
    board_observe(&slot->routes[slow].duration, 2000000);
    board_add(&slot->bytes_sent, 4096);
    board_observe(&slot->loop_lag, 50);
    status_sample(board, &now);
    draw();
    has("\nrequests 402  151.0/s  in flight 5  refused 0\n");
    has("in 0 B/s  out 2.0 KiB/s\n");
    /* the lag is that of the last two seconds only */
    has("\n   4712  serving     3  1d 02:03:04     20      5     151.0   12.0 MiB   0.10 ms\n");
    has("\n/quick                        150.0        400   0.00 ms   0.00 ms     0       0\n");
    has("\n/slow                           1.0          2    1.75 s    2.48 s     2       4"
        "  on the pool\n");
    ck_assert(strstr(page.text, "/quick") < strstr(page.text, "/slow"));
}
END_TEST

/* Another process in the slot has no rate yet; one that is gone is not shown. */
START_TEST(workers_come_and_go)
{
    struct board_slot *first = board_take(board), *second = board_take(board);
    first->pid = 11;
    second->pid = 12;
    status_sample(board, &before);
    board_put(board, first);
    board_put(board, second);
    first = board_take(board);
    first->pid = 13;
    board_add(&first->routes[0].requests[BOARD_GET][2], 1000);
    status_sample(board, &now);
    draw();
    has("\n     13  starting    0 ");
    has("  0.0        0 B   0.00 ms\n");
    ck_assert_ptr_null(strstr(page.text, "\n     12 "));
    ck_assert_ptr_null(strstr(page.text, "\n     11 "));
    has("\n(not named)                   500.0       1000 ");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("status_draw");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, quantiles_by_buckets);
    tcase_add_test(tcase, an_empty_server);
    tcase_add_test(tcase, rates_workers_and_routes);
    tcase_add_test(tcase, workers_come_and_go);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
