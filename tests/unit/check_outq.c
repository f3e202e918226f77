/* The out-queue: order of bytes over copies, lent parts and files, marks, and partial writes. */
#include "base/outq.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct outq_pool pool;
static struct outq q;
static int ends[2];

static void setup(void)
{
    outq_pool_init(&pool, 8);
    outq_init(&q, &pool);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
}

static void teardown(void)
{
    outq_fini(&q);
    outq_pool_fini(&pool);
    close(ends[0]);
    close(ends[1]);
}

static size_t drain_socket(char *to, size_t room)
{
    size_t len = 0;
    ssize_t n;
    while (len < room && (n = read(ends[1], to + len, room - len)) > 0)
        len += (size_t)n;
    return len;
}

static void expect(const char *want)
{
    char got[256];
    size_t len = drain_socket(got, sizeof got);
    ck_assert_uint_eq(len, strlen(want));
    ck_assert_mem_eq(got, want, len);
}

static int write_all(uint64_t limit)
{
    bool blocked;
    return outq_write(&q, ends[0], limit, UINT32_MAX, &blocked);
}

START_TEST(keeps_the_order_of_all_kinds)
{
    char path[] = "/tmp/check_outq.XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, "0123456789", 10), 10);
    const struct str parts[] = {STR("lent "), STR(""), STR("parts ")};
    ck_assert_int_eq(outq_copy(&q, "head ", 5), 0);
    ck_assert_int_eq(outq_lend(&q, parts, 3, 11), 0);
    ck_assert(outq_is_lent(&q));
    ck_assert_int_eq(outq_copy(&q, "then ", 5), 0);
    ck_assert_int_eq(outq_file(&q, file, 2, 5), 0);
    ck_assert_int_eq(outq_copy(&q, " end", 4), 0);
    ck_assert_uint_eq(outq_pending(&q), 30);
    ck_assert_int_eq(write_all(UINT64_MAX), 1);
    ck_assert(!outq_is_lent(&q));
    expect("head lent parts then 23456 end");
    close(file);
    unlink(path);
}
END_TEST

START_TEST(stops_at_the_limit)
{
    const struct str parts[] = {STR("abc"), STR("defg")};
    ck_assert_int_eq(outq_copy(&q, "12", 2), 0);
    ck_assert_int_eq(outq_lend(&q, parts, 2, 7), 0);
    ck_assert_int_eq(write_all(1), 1);
    expect("1");
    ck_assert_int_eq(write_all(6), 1);
    expect("2abcd");
    ck_assert_int_eq(write_all(UINT64_MAX), 1);
    expect("efg");
}
END_TEST

START_TEST(takes_back_to_a_mark)
{
    static const struct str parts[] = {STR("lent")};
    for (unsigned mark = 0; mark <= 9; mark++) {
        uint64_t base = q.queued;
        ck_assert_int_eq(outq_copy(&q, "01234", 5), 0);
        ck_assert_int_eq(outq_lend(&q, parts, 1, 4), 0);
        outq_truncate(&q, base + (mark <= 5 ? mark : 5));
        ck_assert(!outq_is_lent(&q));
        ck_assert_int_eq(outq_copy(&q, "!", 1), 0);
        ck_assert_int_eq(write_all(UINT64_MAX), 1);
        char want[16];
        snprintf(want, sizeof want, "%.*s!", (int)(mark <= 5 ? mark : 5), "01234");
        expect(want);
    }
}
END_TEST

/* More than a socket takes: every byte arrives once, and in order. */
START_TEST(goes_on_where_the_socket_stopped)
{
    enum { BYTES = 3 << 20 };
    char *data = malloc(BYTES), *got = malloc(BYTES + 100000);
    for (size_t i = 0; i < BYTES; i++)
        data[i] = (char)(i * 31 >> 7);
    const struct str parts[] = {{data, 1000}, {data + 1000, 0}, {data + 1000, BYTES - 1000}};
    ck_assert_int_eq(outq_copy(&q, data, 50000), 0);
    ck_assert_int_eq(outq_lend(&q, parts, 3, BYTES), 0);
    size_t len = 0;
    bool blocked, was_blocked = false;
    int rc;
    while ((rc = outq_write(&q, ends[0], UINT64_MAX, 1 << 20, &blocked)) == 0) {
        was_blocked |= blocked;
        len += drain_socket(got + len, BYTES + 100000 - len);
    }
    ck_assert_int_eq(rc, 1);
    ck_assert(was_blocked);
    len += drain_socket(got + len, BYTES + 100000 - len);
    ck_assert_uint_eq(len, BYTES + 50000);
    ck_assert_mem_eq(got, data, 50000);
    ck_assert_mem_eq(got + 50000, data, BYTES);
    free(data);
    free(got);
}
END_TEST

START_TEST(says_what_went_wrong)
{
    char path[] = "/tmp/check_outq.XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_eq(write(file, "short", 5), 5);
    ck_assert_int_eq(outq_file(&q, file, 0, 100), 0);
    ck_assert_int_eq(write_all(UINT64_MAX), -EIO);
    outq_fini(&q);
    close(file);
    unlink(path);
    close(ends[1]);
    ends[1] = -1;
    ck_assert_int_eq(outq_copy(&q, "x", 1), 0);
    ck_assert_int_eq(write_all(UINT64_MAX), -EPIPE);
}
END_TEST

START_TEST(reserves_and_reuses_blocks)
{
    for (int i = 0; i < 100; i++) {
        char *to = outq_reserve(&q, 3000);
        ck_assert_ptr_nonnull(to);
        memset(to, 'x', 3000);
        outq_commit(&q, 3000);
    }
    ck_assert_ptr_null(outq_reserve(&q, OUTQ_BLOCK_BYTES + 1));
    ck_assert_uint_eq(outq_pending(&q), 300000);
    outq_fini(&q);
    ck_assert_uint_eq(outq_pending(&q), 0);
    ck_assert_uint_eq(pool.n_free, 8);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outq");
    TCase *tests = tcase_create("queue");
    signal(SIGPIPE, SIG_IGN);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, keeps_the_order_of_all_kinds);
    tcase_add_test(tests, stops_at_the_limit);
    tcase_add_test(tests, takes_back_to_a_mark);
    tcase_add_test(tests, goes_on_where_the_socket_stopped);
    tcase_add_test(tests, says_what_went_wrong);
    tcase_add_test(tests, reserves_and_reuses_blocks);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
