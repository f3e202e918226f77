/* The scoreboard: found by another process, routes by name, sums that survive their workers. */
#include "base/board.h"
#include "unit.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct board *new_board(void)
{
    struct board *board = board_new();
    ck_assert_ptr_nonnull(board);
    return board;
}

/* Run look() in a child; its answer is the exit status. */
static int in_child(int (*look)(pid_t parent))
{
    pid_t parent = getpid(), child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(look(parent));
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int look_at_board(pid_t parent)
{
    const struct board *board = board_open(parent);
    if (!board)
        return 1;
    if (board->supervisor != parent || board->started_us == 0)
        return 2;
    const struct board_slot *slot = &board->slots[0];
    if (strcmp(slot->routes[1].name, "/items/{id}") != 0)
        return 3;
    if (board_get(&slot->routes[1].requests[BOARD_GET][2]) != 7)
        return 4;
    board_close(board);
    return 0;
}

START_TEST(another_process_finds_it)
{
    struct board *board = new_board();
    struct board_slot *slot = board_take(board);
    ck_assert_ptr_eq(slot, &board->slots[0]);
    ck_assert_uint_eq(board_route(slot, "/items/{id}", 11), 1);
    board_add(&slot->routes[1].requests[BOARD_GET][2], 7);
    ck_assert_int_eq(in_child(look_at_board), 0);
    board_close(board);
}
END_TEST

/* The maker could cut it off under a reader. */
static int make_unsealed(pid_t parent)
{
    (void)parent;
    int fd = memfd_create("cgw-board", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, sizeof(struct board)) < 0)
        return -1;
    errno = 0;
    return board_open(getpid()) ? 0 : errno;
}

static int error_of_open(pid_t parent)
{
    errno = 0;
    return board_open(parent) ? 0 : errno;
}

START_TEST(no_board_or_a_strange_one)
{
    ck_assert_int_eq(error_of_open(getpid()), ENOENT);
    struct board *board = new_board();
    board->layout = BOARD_LAYOUT + 1;
    ck_assert_int_eq(in_child(error_of_open), EPROTO);
    board->layout = BOARD_LAYOUT;
    board_close(board);
    ck_assert_int_eq(error_of_open(getpid()), ENOENT);
    ck_assert_int_eq(in_child(make_unsealed), EPROTO);
    ck_assert_int_eq(error_of_open(INT_MAX), ESRCH);
    board_close(NULL);
}
END_TEST

/* What a child counts in shared memory is in the sums when it is gone. */
START_TEST(sums_survive_their_workers)
{
    struct board *board = new_board();
    for (int worker = 0; worker < 3; worker++) {
        struct board_slot *slot = board_take(board);
        ck_assert_uint_ne(slot->started_us, 0);
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            /* the same name, at another index */
            board_route(slot, worker == 1 ? "/b" : "/a", 2);
            uint32_t route = board_route(slot, "/b", 2);
            board_add(&slot->routes[route].requests[BOARD_POST][5], 2);
            board_observe(&slot->routes[route].duration, 100);
            board_observe(&slot->routes[route].duration, 101);
            board_observe(&slot->loop_lag, UINT64_C(20000000));
            board_add(&slot->routes[0].requests[BOARD_GET][2], 1);
            board_add(&slot->bytes_sent, 10);
            slot->connections = 5;
            slot->crash.signal = 11;
            atomic_store(&slot->crash.stage, 4);
            _exit(0);
        }
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        ck_assert_int_eq(slot->crash.signal, 11);
        board_put(board, slot);
        ck_assert_uint_eq(slot->state, BOARD_FREE);
        ck_assert_uint_eq(slot->crash.stage, 0);
        ck_assert_int_eq(slot->crash.signal, 0);
        ck_assert_uint_eq(slot->connections, 0);
        ck_assert_uint_eq(board_get(&slot->bytes_sent), 0);
        ck_assert_uint_eq(board->retiring, (uint32_t)(worker + 1) * 2);
    }
    const struct board_slot *sum = &board->retired;
    ck_assert_uint_eq(sum->n_routes, 3);
    ck_assert_str_eq(sum->routes[1].name, "/a");
    ck_assert_str_eq(sum->routes[2].name, "/b");
    ck_assert_uint_eq(board_get(&sum->routes[2].requests[BOARD_POST][5]), 6);
    ck_assert_uint_eq(board_get(&sum->routes[2].duration.counts[0]), 3);
    ck_assert_uint_eq(board_get(&sum->routes[2].duration.counts[1]), 3);
    ck_assert_uint_eq(board_get(&sum->routes[2].duration.sum_us), 603);
    ck_assert_uint_eq(board_get(&sum->loop_lag.counts[BOARD_BUCKETS - 1]), 3);
    ck_assert_uint_eq(board_get(&sum->routes[0].requests[BOARD_GET][2]), 3);
    ck_assert_uint_eq(board_get(&sum->bytes_sent), 30);
    board_close(board);
}
END_TEST

/* While workers come and go, what a reader sums never shrinks nor counts twice. */
static int sum_until_done(pid_t parent)
{
    const struct board *board = board_open(parent);
    static struct board_slot sum;
    uint64_t last = 0;
    do {
        board_sum(board, &sum);
        uint32_t route = board_route(&sum, "/a", 2);
        uint64_t n = board_get(&sum.routes[route].requests[BOARD_GET][2]);
        if (n < last || n != board_get(&sum.bytes_sent) / 3)
            return 1;
        last = n;
    } while (last != 1000);
    return 0;
}

START_TEST(sums_never_shrink)
{
    struct board *board = new_board();
    pid_t parent = getpid(), child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(sum_until_done(parent));
    for (int i = 0; i < 1000; i++) {
        struct board_slot *slot = board_take(board);
        uint32_t route = board_route(slot, "/a", 2);
        uint32_t turn = board->retiring; /* both counters at once, as far as the reader sees */
        board->retiring = turn + 1;
        board_add(&slot->routes[route].requests[BOARD_GET][2], 1);
        board_add(&slot->bytes_sent, 3);
        board->retiring = turn + 2;
        board_put(board, slot);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    board_close(board);
}
END_TEST

START_TEST(gauges_are_of_the_living)
{
    struct board *board = new_board();
    static struct board_slot sum;
    struct board_slot *first = board_take(board), *second = board_take(board);
    ck_assert_uint_eq(board->n_used, 2);
    first->connections = 3;
    second->connections = 4;
    second->in_flight = 1;
    first->pool_queued = second->pool_queued = 7;
    first->routes[board_route(first, "/slow", 5)].is_promoted = 1;
    board_route(second, "/b", 2);
    board_route(second, "/slow", 5);
    board_sum(board, &sum);
    ck_assert_uint_eq(sum.connections, 7);
    ck_assert_uint_eq(sum.in_flight, 1);
    ck_assert_uint_eq(sum.pool_queued, 14);
    ck_assert_uint_eq(sum.routes[board_route(&sum, "/slow", 5)].is_promoted, 1);
    ck_assert_uint_eq(sum.routes[board_route(&sum, "/b", 2)].is_promoted, 0);
    board_put(board, first);
    board_sum(board, &sum);
    ck_assert_uint_eq(sum.connections, 4);
    ck_assert_uint_eq(sum.routes[board_route(&sum, "/slow", 5)].is_promoted, 0);
    board->retiring = 9; /* a writer that died half-way */
    board_sum(board, &sum);
    ck_assert_uint_eq(sum.connections, 4);
    board_close(board);
}
END_TEST

START_TEST(slots_run_out_and_come_back)
{
    struct board *board = new_board();
    for (int i = 0; i < BOARD_SLOTS; i++)
        ck_assert_ptr_eq(board_take(board), &board->slots[i]);
    ck_assert_ptr_null(board_take(board));
    board_put(board, &board->slots[17]);
    ck_assert_ptr_eq(board_take(board), &board->slots[17]);
    ck_assert_uint_eq(board->slots[17].n_routes, 1);
    ck_assert_ptr_null(board_take(board));
    board_close(board);
}
END_TEST

/* A worker that wrote nonsense before it died does not take the supervisor along. */
START_TEST(nonsense_in_a_slot)
{
    struct board *board = new_board();
    struct board_slot *slot = board_take(board);
    memset(slot->routes, 'x', sizeof slot->routes);
    slot->n_routes = UINT32_MAX;
    board_put(board, slot);
    ck_assert_uint_eq(slot->n_routes, 0);
    ck_assert_uint_eq(strlen(board->retired.routes[1].name), BOARD_ROUTE_BYTES - 1);
    ck_assert_int_eq(slot->routes[BOARD_ROUTES - 1].name[0], '\0');
    board_close(board);
}
END_TEST

START_TEST(routes_by_name)
{
    struct board *board = new_board();
    struct board_slot *slot = board_take(board), *other = board_take(board);
    ck_assert_uint_eq(board_route(slot, "", 0), 0);
    ck_assert_uint_eq(board_route(slot, NULL, 0), 0);
    ck_assert_uint_eq(board_route(slot, "\0x", 2), 0);
    ck_assert_uint_eq(slot->n_routes, 1);
    ck_assert_uint_eq(board_route(slot, "/ab", 3), 1);
    ck_assert_uint_eq(board_route(slot, "/ab", 2), 2); /* "/a" */
    ck_assert_uint_eq(board_route(slot, "/ab", 3), 1);
    ck_assert_uint_eq(board_route(other, "/a", 2), 1); /* a hint of another slot misleads nobody */
    ck_assert_uint_eq(board_route(slot, "/a", 2), 2);

    char name[200];
    memset(name, 'n', sizeof name);
    uint32_t cut = board_route(slot, name, sizeof name);
    ck_assert_uint_eq(cut, 3);
    ck_assert_uint_eq(strlen(slot->routes[cut].name), BOARD_ROUTE_BYTES - 1);
    ck_assert_uint_eq(board_route(slot, name, sizeof name - 1), cut);
    for (int i = 4; i < BOARD_ROUTES; i++) {
        int len = snprintf(name, sizeof name, "/%d", i);
        ck_assert_int_eq((int)board_route(slot, name, (size_t)len), i);
    }
    ck_assert_uint_eq(board_route(slot, "/one-too-many", 13), 0);
    ck_assert_uint_eq(board_route(slot, "/199", 4), 199);
    ck_assert_uint_eq(slot->n_routes, BOARD_ROUTES);
    board_close(board);
}
END_TEST

START_TEST(buckets_hold_their_bound)
{
    static struct board_histogram histogram;
    board_observe(&histogram, 0);
    for (int i = 0; i < BOARD_BUCKETS - 1; i++) {
        if (i > 0)
            ck_assert_uint_gt(board_bounds_us[i], board_bounds_us[i - 1]);
        board_observe(&histogram, board_bounds_us[i]);
    }
    board_observe(&histogram, UINT64_C(1) << 40);
    ck_assert_uint_eq(board_get(&histogram.counts[0]), 2);
    for (int i = 1; i < BOARD_BUCKETS; i++)
        ck_assert_uint_eq(board_get(&histogram.counts[i]), 1);
}
END_TEST

/* A reader in another process never sees half of a text, nor the title of another. */
static int read_until_the_last(pid_t parent)
{
    const struct board *board = board_open(parent);
    static char title[256], text[BOARD_DEV_BYTES];
    size_t len = 0;
    do {
        board_dev_read(board, title, text, sizeof text, &len);
        for (size_t i = 0; i < len; i++)
            if (text[i] != title[0])
                return 1;
        if (len != 0 && len != 5000 + (size_t)(unsigned char)title[0])
            return 2;
    } while (title[0] != 'z');
    return 0;
}

START_TEST(dev_text_is_whole)
{
    struct board *board = new_board();
    static char text[6000];
    pid_t parent = getpid(), child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(read_until_the_last(parent));
    for (int i = 0; i < 5000; i++) {
        char letter = (char)('a' + i % 25), title[2] = {letter, '\0'};
        memset(text, letter, sizeof text);
        board_dev_set(board, title, text, 5000 + (size_t)letter);
        if (i % 10 == 0)
            board_dev_set(board, NULL, NULL, 0);
    }
    memset(text, 'z', sizeof text);
    board_dev_set(board, "z", text, 5000 + 'z');
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    board_close(board);
}
END_TEST

START_TEST(dev_text_is_cut)
{
    struct board *board = new_board();
    char title[256], text[8];
    size_t len = 1;
    uint32_t first = board_dev_read(board, title, text, sizeof text, &len);
    ck_assert_uint_eq(len, 0);
    ck_assert_str_eq(text, "");
    board_dev_set(board, "app.c does not compile", "0123456789", 10);
    ck_assert_uint_eq(board_dev_read(board, title, text, sizeof text, &len), first + 2);
    ck_assert_str_eq(title, "app.c does not compile");
    ck_assert_str_eq(text, "0123456");
    ck_assert_uint_eq(len, 7);
    board_dev_set(board, "silent", "", 0); /* a title alone is something wrong, too */
    board_dev_read(board, title, text, sizeof text, &len);
    ck_assert_str_eq(text, "silent");
    board_dev_set(board, NULL, NULL, 0);
    ck_assert_uint_eq(board_dev_read(board, title, text, sizeof text, &len), first + 6);
    ck_assert_uint_eq(len, 0);
    /* a writer that died half-way */
    atomic_store(&board->dev.version, 9);
    ck_assert_uint_eq(board_dev_read(board, title, text, sizeof text, &len), 8);
    ck_assert_uint_eq(len, 0);
    board_close(board);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("board");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, another_process_finds_it);
    tcase_add_test(tcase, no_board_or_a_strange_one);
    tcase_add_test(tcase, sums_survive_their_workers);
    tcase_add_test(tcase, sums_never_shrink);
    tcase_add_test(tcase, gauges_are_of_the_living);
    tcase_add_test(tcase, slots_run_out_and_come_back);
    tcase_add_test(tcase, nonsense_in_a_slot);
    tcase_add_test(tcase, routes_by_name);
    tcase_add_test(tcase, buckets_hold_their_bound);
    tcase_add_test(tcase, dev_text_is_whole);
    tcase_add_test(tcase, dev_text_is_cut);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
