/* What goes on, as text: of an application that lists its tasks, and of one that does not. */
#include "call_play.h"
#include "proc/debug/tasks.h"

static struct cgw_task list[3];
static size_t n_list;
static void *seen_state;

static void wait_in_call(struct cgw_call *call)
{
    (void)call;
}

static void each(void *state, void (*fn)(void *arg, const struct cgw_task *task), void *arg)
{
    seen_state = state;
    for (size_t i = 0; i < n_list; i++)
        fn(arg, &list[i % 3]);
}

static struct cgw_tasks table;

static const void *extension(const char *id)
{
    return strcmp(id, CGW_EXT_TASKS) == 0 ? &table : NULL;
}

static struct tasks_worker worker;
static char text[4096];

static void setup(void)
{
    play_open(wait_in_call);
    table = (struct cgw_tasks){.size = sizeof table, .each = each};
    worker = (struct tasks_worker){&play.runtime, 3, 7};
    play.app.extension = extension;
    play.runtime.state = &play;
    for (size_t i = 0; i < 3; i++)
        list[i] = (struct cgw_task){.size = sizeof list[i], .id = i + 1, .since_us = 1234567};
    list[0].name = "load";
    list[0].route = "/items/{id}";
    list[0].state = "waiting for a semaphore";
    list[0].function = "lock_stock";
    list[0].file = "shop.c";
    list[0].line = 42;
    list[1].is_on_thread = 1;
    list[1].parent = 1;
    list[2].name = "two\nlines";
    n_list = 3;
}

static void teardown(void)
{
    while (play.runtime.n_running) {
        struct list *node = play.runtime.running.next;
        struct call *call = list_owner(node, struct call, running);
        call->pub.host->finish(&call->pub, play_respond(&call->pub, 200, NULL, 0, "x"));
    }
    play_close();
}

static const char *shown(size_t room)
{
    size_t len = tasks_print(&worker, text, room);
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_uint_lt(len, room);
    return text;
}

START_TEST(each_task_is_a_line)
{
    play_begin();
    const char *said = shown(sizeof text);
    ck_assert_ptr_eq(seen_state, &play);
    ck_assert_msg(strstr(said, "worker 3, pid ") == said && strstr(said, ", generation 7\n"), "%s",
                  said);
    ck_assert_msg(strstr(said, "\n  task 1 of 0: load, route /items/{id}, waiting for a semaphore "
                               "since 1234 ms, in lock_stock at shop.c:42\n"),
                  "%s", said);
    ck_assert_msg(
        strstr(said, "\n  task 2 of 1: -, route -, on a thread, - since 1234 ms, in - at -\n"),
        "%s", said);
    ck_assert_msg(strstr(said, "task 3 of 0: two\\x0Alines,") ||
                      strstr(said, "task 3 of 0: two\\x0alines,"),
                  "%s", said);
    ck_assert_msg(strstr(said, "\n  tasks 3, calls 1, listed 3\n"), "%s", said);
    ck_assert_ptr_null(strstr(said, "  call "));
}
END_TEST

START_TEST(else_each_call_is)
{
    if (_i == 0)
        play.app.extension = NULL;
    else if (_i == 1)
        table.size = 8;
    else
        play.app.kind = CGW_SYNC; /* whose threads nobody stops for a list */
    play_begin();
    play.call->started_us = 0;
    const char *said = shown(sizeof text);
    ck_assert_msg(strstr(said, ": GET /items/7, route -, since "), "%s", said);
    ck_assert_msg(strstr(said, "\n  tasks 0, calls 1, listed 1\n"), "%s", said);
}
END_TEST

START_TEST(tasks_of_another_size_are_counted)
{
    list[1].size = 8;
    ck_assert_ptr_nonnull(strstr(shown(sizeof text), "\n  tasks 3, calls 0, listed 2\n"));
}
END_TEST

START_TEST(the_last_line_is_there_in_any_room)
{
    n_list = 1000;
    for (size_t room = 1000; room <= sizeof text; room += 97)
        ck_assert_msg(strstr(shown(room), "\n  tasks 1000, calls 0, listed "), "%zu: %s", room,
                      text);
    for (size_t room = 1; room < 300; room++)
        shown(room);
}
END_TEST

START_TEST(the_log_gets_a_line_each_up_to_a_limit)
{
    n_list = 3;
    tasks_log(&worker);
    ck_assert_int_eq(play_told("CGW0320"), 3);
    ck_assert_int_eq(play_told("id=1 parent=0 task=load route=/items/{id} state=\"waiting for a "
                               "semaphore\" function=lock_stock site=shop.c:42 thread=loop "
                               "since_ms=1234 worker=3"),
                     1);
    ck_assert_int_eq(play_told("thread=pool"), 1);
    ck_assert_int_eq(play_told("tasks=3 calls=0 listed=3 worker=3"), 1);
    n_list = 5000;
    tasks_log(&worker);
    ck_assert_int_eq(play_told("CGW0320"), 1003);
    ck_assert_int_eq(play_told("tasks=5000 calls=0 listed=1000 worker=3"), 1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("tasks");
    TCase *tests = tcase_create("tasks");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_task_is_a_line);
    tcase_add_loop_test(tests, else_each_call_is, 0, 3);
    tcase_add_test(tests, tasks_of_another_size_are_counted);
    tcase_add_test(tests, the_last_line_is_there_in_any_room);
    tcase_add_test(tests, the_log_gets_a_line_each_up_to_a_limit);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
