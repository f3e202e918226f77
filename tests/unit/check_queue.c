#include "task_play.h"
#include "task_scarce.h"
#include <stdatomic.h>

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test);
}

static cgw_queue queue;

/* ---- order ---- */

enum { ITEMS = 60 };

static int produce(void *arg)
{
    size_t from = (size_t)arg;
    for (size_t i = 0; i < ITEMS; i++) {
        int status = cgw_queue_put(&queue, (void *)(from + i));
        if (status)
            return status;
        if (i % 7 == 0 && cgw_sleep((double)(i % 3) / 100))
            return CGW_EFAILED;
    }
    return CGW_OK;
}

/* Of each producer the items come in order. */
static int consume(void *arg)
{
    size_t last[4] = {0};
    void *item = NULL;
    int status;
    while ((status = cgw_queue_get(&queue, &item)) == CGW_OK) {
        size_t from = (size_t)item / 1000, number = (size_t)item % 1000 + 1;
        if (number <= last[from])
            return CGW_EIO;
        last[from] = number;
        atomic_fetch_add((atomic_size_t *)arg, number);
        if (cgw_sleep(number % 5 ? 0 : 0.01))
            return CGW_EFAILED;
    }
    return status == CGW_ESHUT ? CGW_OK : status;
}

static int pipeline(void *arg)
{
    atomic_size_t sum = 0;
    uint32_t capacity = (uint32_t)(size_t)arg;
    queue = (cgw_queue){.capacity = capacity};
    cgw_group *consumers = cgw_group(NULL), *producers = cgw_group(NULL);
    cgw_go(consumers, consume, &sum);
    cgw_go(consumers, consume, &sum);
    for (size_t i = 0; i < 4; i++)
        cgw_go(producers, produce, (void *)(i * 1000));
    int status = cgw_join(producers);
    cgw_queue_close(&queue);
    int other = cgw_join(consumers);
    bool is_empty = !queue.len && !queue.getters.first && !queue.putters.first &&
                    queue.room <= (capacity ? capacity : 1);
    cgw_queue_fini(&queue);
    if (status || other)
        return status ? status : other;
    return is_empty && sum == 4 * ITEMS * (ITEMS + 1) / 2 ? CGW_OK : CGW_EFAILED;
}

START_TEST(nothing_is_lost_and_all_in_order)
{
    static const size_t capacities[] = {0, 1, 3, 16, 1000};
    for (size_t i = 0; i < sizeof(capacities) / sizeof(*capacities); i++)
        play_seeds(20, pipeline, (void *)capacities[i]);
    for (unsigned seed = 1; seed < 4; seed++) {
        play_open((struct play_settings){.seed = seed, .threads = 8});
        ck_assert_int_eq(play_sync(pipeline, (void *)2), CGW_OK);
        play_close();
    }
}
END_TEST

static int getter(void *arg)
{
    void *item = NULL;
    (void)arg;
    int status = cgw_queue_get(&queue, &item);
    play_note(status ? "-" : item);
    return status;
}

static int putter(void *arg)
{
    return cgw_queue_put(&queue, arg);
}

static int fifo(void *arg)
{
    (void)arg;
    static char names[5][2] = {"a", "b", "c", "d", "e"};
    queue = (cgw_queue){.capacity = 2};
    CGW_GROUP(group, NULL);
    for (int i = 0; i < 5; i++)
        cgw_go(group, putter, names[i]);
    ck_assert_int_eq(cgw_sleep(0.1), CGW_OK);
    ck_assert_uint_eq(queue.len, 2);
    ck_assert_int_eq(cgw_queue_try_put(&queue, play_text("x")), CGW_EBUSY);
    for (int i = 0; i < 7; i++)
        cgw_go(group, getter, NULL);
    ck_assert_int_eq(cgw_sleep(0.1), CGW_OK);
    ck_assert_int_eq(cgw_queue_try_put(&queue, play_text("f")), CGW_OK); /* into a hand */
    ck_assert_uint_eq(queue.len, 0);
    ck_assert_int_eq(cgw_queue_put(&queue, play_text("g")), CGW_OK);
    ck_assert_int_eq(cgw_join(group), CGW_OK);
    cgw_queue_fini(&queue);
    return CGW_OK;
}

START_TEST(first_in_first_out)
{
    play_once(fifo);
    ck_assert_str_eq(play_notes(), "abcdefg");
    play_close();
}
END_TEST

/* ---- canceled, closed ---- */

static int put_for_a_while(void *arg)
{
    int status = CGW_OK;
    CGW_TIMEOUT(0.5)
    {
        status = cgw_queue_put(&queue, arg);
    }
    return status == CGW_ETIMEDOUT ? CGW_OK : CGW_EFAILED;
}

static int get_for_a_while(void *arg)
{
    int status = CGW_OK;
    void *item = play_text("untouched");
    (void)arg;
    CGW_TIMEOUT(0.5)
    {
        status = cgw_queue_get(&queue, &item);
        ck_assert_int_eq(cgw_queue_put(&queue, play_text("x")), CGW_ETIMEDOUT);
    }
    ck_assert_str_eq(item, "untouched");
    return status == CGW_ETIMEDOUT ? CGW_OK : CGW_EFAILED;
}

static int canceled(void *arg)
{
    void *item = NULL;
    (void)arg;
    queue = (cgw_queue){.capacity = 1};
    CGW_GROUP(group, NULL);
    ck_assert_int_eq(cgw_queue_put(&queue, play_text("a")), CGW_OK);
    cgw_go(group, put_for_a_while, play_text("never"));
    cgw_go(group, putter, play_text("b"));
    ck_assert_int_eq(cgw_sleep(1), CGW_OK);
    ck_assert_int_eq(cgw_queue_get(&queue, &item), CGW_OK);
    ck_assert_str_eq(item, "a");
    ck_assert_int_eq(cgw_queue_get(&queue, &item), CGW_OK);
    ck_assert_str_eq(item, "b");
    ck_assert_int_eq(cgw_queue_try_get(&queue, &item), CGW_EBUSY);
    cgw_go(group, get_for_a_while, NULL);
    cgw_go(group, getter, NULL);
    ck_assert_int_eq(cgw_sleep(1), CGW_OK);
    ck_assert_int_eq(cgw_queue_put(&queue, play_text("c")),
                     CGW_OK); /* to the one that has patience */
    ck_assert_int_eq(cgw_join(group), CGW_OK);
    cgw_queue_fini(&queue);
    return CGW_OK;
}

START_TEST(canceled_waiters_leave)
{
    play_once(canceled);
    ck_assert_str_eq(play_notes(), "c");
    play_close();
}
END_TEST

static int closed(void *arg)
{
    void *item = NULL;
    (void)arg;
    queue = (cgw_queue){.capacity = 1};
    CGW_GROUP(group, NULL, .keep_going = true);
    cgw_go(group, getter, NULL);
    ck_assert_int_eq(cgw_sleep(0.1), CGW_OK);
    cgw_queue_close(&queue);
    ck_assert_int_eq(cgw_join(group), CGW_ESHUT);
    queue.is_closed = false;
    CGW_GROUP(putters, NULL, .keep_going = true);
    cgw_go(putters, putter, play_text("a"));
    cgw_go(putters, putter, play_text("b"));
    ck_assert_int_eq(cgw_sleep(0.1), CGW_OK);
    cgw_queue_close(&queue);
    ck_assert_int_eq(cgw_join(putters), CGW_ESHUT);
    ck_assert_int_eq(cgw_group_result(putters, 0), CGW_OK);
    ck_assert_int_eq(cgw_group_result(putters, 1), CGW_ESHUT);
    ck_assert_int_eq(cgw_queue_put(&queue, play_text("c")), CGW_ESHUT);
    ck_assert_int_eq(cgw_queue_try_put(&queue, play_text("c")), CGW_ESHUT);
    ck_assert_int_eq(cgw_queue_get(&queue, &item), CGW_OK); /* what is in it comes out still */
    ck_assert_str_eq(item, "a");
    ck_assert_int_eq(cgw_queue_get(&queue, &item), CGW_ESHUT);
    ck_assert_int_eq(cgw_queue_try_get(&queue, &item), CGW_ESHUT);
    cgw_queue_fini(&queue);
    return CGW_OK;
}

START_TEST(closed_ones_say_so)
{
    play_once(closed);
    play_close();
}
END_TEST

/* A getter that was given its item and canceled at once has it: nothing falls between. */
static int given_and_canceled(void *arg)
{
    (void)arg;
    queue = (cgw_queue){.capacity = 1};
    cgw_group *group = cgw_group(NULL);
    cgw_go(group, getter, NULL);
    if (cgw_sleep(0.1) || cgw_queue_put(&queue, play_text("i")))
        return CGW_EFAILED;
    cgw_group_cancel(group);
    ck_assert_int_le(cgw_join(group), CGW_OK);
    int status = cgw_group_result(group, 0);
    bool is_empty = !queue.len;
    cgw_queue_fini(&queue);
    return is_empty ? status : CGW_EFAILED;
}

START_TEST(no_item_is_lost)
{
    play_seeds(30, given_and_canceled, NULL);
    play_seeds_sync(3, given_and_canceled, NULL);
}
END_TEST

static int without_memory(void *arg)
{
    (void)arg;
    queue = (cgw_queue){.capacity = 1000000000};
    scarce_from(1);
    ck_assert_int_eq(cgw_queue_put(&queue, play_text("a")), CGW_ENOMEM);
    ck_assert_int_eq(cgw_queue_put(&queue, play_text("a")), CGW_OK);
    for (int i = 1; i < 8; i++)
        ck_assert_int_eq(cgw_queue_try_put(&queue, play_text("a")), CGW_OK);
    scarce_from(1);
    ck_assert_int_eq(cgw_queue_try_put(&queue, play_text("b")), CGW_ENOMEM);
    ck_assert_uint_eq(queue.len, 8);
    ck_assert_int_eq(cgw_queue_try_put(&queue, play_text("b")), CGW_OK);
    cgw_queue_fini(&queue);
    return CGW_OK;
}

START_TEST(no_memory)
{
    play_once(without_memory);
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("queue");
    TCase *tcase = tcase_create("queue");
    add(tcase, nothing_is_lost_and_all_in_order);
    add(tcase, first_in_first_out);
    add(tcase, canceled_waiters_leave);
    add(tcase, closed_ones_say_so);
    add(tcase, no_item_is_lost);
    add(tcase, no_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
