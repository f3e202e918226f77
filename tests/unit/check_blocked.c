/* Whose loop is held, and whose is not: workers are played by children that write to a board. */
#include "base/clock.h"
#include "base/log.h"
#include "proc/children.h"
#include "proc/report/blocked.h"
#include "proc/system/small_file.h"
#include "unit.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AFTER_MS = 100, LONG_ENOUGH_MS = 900, PAGE_BYTES = 65536 };

static struct board *board;
static struct ev_loop *loop;
static struct blocked *blocked;
static pid_t worker;
static char path[] = "/tmp/check_blocked.XXXXXX", said[PAGE_BYTES];

static void begin(void)
{
    static const struct settings settings = {.blocked_after_ms = AFTER_MS};
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(board, MAP_FAILED);
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(log_start(path, false, LOG_LEVEL_INFO), 0);
    loop = ev_loop_new(EVFLAG_NOENV);
    children_start(loop, NULL, NULL);
    ck_assert_int_eq(blocked_new(loop, &settings, board, &blocked), 0);
}

static void end(void)
{
    if (worker)
        kill(worker, SIGKILL);
    blocked_free(blocked);
    children_stop();
    ev_loop_destroy(loop);
    log_stop();
    unlink(path);
}

/* A worker whose visits to the application take so long; 0: for ever. */
static void play_worker(unsigned visit_us)
{
    struct board_slot *slot = &board->slots[3];
    worker = fork();
    if (worker == 0) {
        for (;;) {
            atomic_fetch_add(&slot->entered, 1);
            visit_us ? (void)usleep(visit_us) : (void)pause();
            atomic_fetch_add(&slot->entered, 1);
        }
    }
    atomic_store(&slot->pid, worker);
    atomic_store(&slot->state, BOARD_SERVING);
}

static void stop(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)timer, (void)events;
    ev_break(of, EVBREAK_ALL);
}

/* How many lines with that number there are after so long. */
static size_t count_lines(const char *number, unsigned ms)
{
    ev_timer timer;
    ev_timer_init(&timer, stop, ms / 1e3, 0);
    ev_timer_start(loop, &timer);
    ev_run(loop, 0);
    log_stop(); /* all is written */
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    fclose(file);
    size_t n = 0;
    for (const char *at = said; (at = strstr(at, number)); at++)
        n++;
    return n;
}

START_TEST(a_visit_that_does_not_end_is_told_once)
{
    struct board_slot *slot = &board->slots[3];
    play_worker(0);
    ck_assert_uint_eq(count_lines("CGW0192", LONG_ENOUGH_MS), 1);
    ck_assert_uint_eq(atomic_load(&slot->blocked_entered), 1);
    uint64_t since_us = atomic_load(&slot->blocked_since_us);
    ck_assert_uint_lt(since_us, clock_now_us() - AFTER_MS * 1000);
    ck_assert_uint_lt(atomic_load(&slot->blocked_before_us), since_us);
    ck_assert_uint_ne(atomic_load(&slot->blocked_before_us), 0);
    ck_assert_uint_eq(atomic_load(&slot->blocked_was_told), 0);
    ck_assert_ptr_nonnull(strstr(said, "request=-"));
}
END_TEST

START_TEST(visits_that_end_are_not_blamed)
{
    play_worker(1000);
    ck_assert_uint_eq(count_lines("CGW0192", LONG_ENOUGH_MS), 0);
    ck_assert_uint_eq(atomic_load(&board->slots[3].blocked_entered), 0);
}
END_TEST

/* To the kernel, who waits for a child of vfork(2) is in the same state as who waits for a disk. */
static void play_worker_at_disk(unsigned wait_us)
{
    struct board_slot *slot = &board->slots[3];
    worker = fork();
    if (worker == 0) {
        atomic_fetch_add(&slot->entered, 1);
        if (syscall(SYS_clone, CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL) == 0) {
            usleep(wait_us);
            _exit(0);
        }
        for (;; usleep(1000))
            board_add(&slot->ticks, 1);
    }
    atomic_store(&slot->pid, worker);
    atomic_store(&slot->state, BOARD_SERVING);
}

START_TEST(who_waits_for_a_disk_is_told_while_it_waits)
{
    play_worker_at_disk(3000000);
    ck_assert_uint_eq(count_lines("CGW0192", 1500), 1);
    ck_assert_uint_eq(board_get(&board->slots[3].ticks), 0); /* it is still there */
}
END_TEST

/* Each visit is looked at, be it later, as looks are a second apart. */
START_TEST(a_visit_soon_after_another_is_told_too)
{
    struct board_slot *slot = &board->slots[3];
    play_worker(0);
    while (atomic_load(&slot->blocked_entered) == 0)
        ev_run(loop, EVRUN_ONCE);
    atomic_fetch_add(&slot->entered, 2);
    slot->generation++; /* it is another site */
    slot->position = 7;
    ck_assert_uint_eq(count_lines(" worker=7 ", 3000), 1);
}
END_TEST

/* Who looks into the worker; 0: nobody yet. */
static pid_t find_looker(void)
{
    char text[256];
    int first = 0, second = 0;
    snprintf(text, sizeof text, "task/%d/children", (int)getpid());
    small_file_of_process(getpid(), text, text, sizeof text);
    sscanf(text, "%d %d", &first, &second);
    return first == worker ? second : first;
}

/* As it may leave the worker when it dies between its SIGSTOP and what follows. */
START_TEST(who_looks_and_dies_leaves_nobody_stopped)
{
    char state;
    pid_t looker, tracer;
    play_worker(0);
    while ((looker = find_looker()) == 0)
        ev_run(loop, EVRUN_ONCE);
    ck_assert_int_eq(kill(worker, SIGSTOP), 0);
    ck_assert_int_eq(kill(looker, SIGKILL), 0);
    ck_assert_uint_eq(count_lines("CGW0193", AFTER_MS / 2), 1);
    small_file_status(worker, &state, &tracer);
    ck_assert_int_eq(state, 'S');
}
END_TEST

START_TEST(who_is_stopped_is_not_blamed)
{
    int status;
    play_worker(0);
    kill(worker, SIGSTOP);
    ck_assert_int_eq(waitpid(worker, &status, WUNTRACED), worker);
    ck_assert_uint_eq(count_lines("CGW0192", LONG_ENOUGH_MS), 0);
    ck_assert_uint_eq(atomic_load(&board->slots[3].blocked_entered), 0);
}
END_TEST

START_TEST(who_starts_is_not_watched)
{
    play_worker(0);
    atomic_store(&board->slots[3].state, BOARD_STARTING);
    ck_assert_uint_eq(count_lines("CGW0192", LONG_ENOUGH_MS), 0);
}
END_TEST

START_TEST(a_watch_that_was_away_begins_anew)
{
    play_worker(0);
    ck_assert_uint_eq(count_lines("CGW0192", AFTER_MS / 2), 0);
    usleep(5 * AFTER_MS * 1000); /* the supervisor itself was stopped */
    ck_assert_uint_eq(count_lines("CGW0192", AFTER_MS / 2), 0);
}
END_TEST

START_TEST(without_a_limit_there_is_no_watch)
{
    static const struct settings none;
    struct blocked *other = blocked;
    ck_assert_int_eq(blocked_new(loop, &none, board, &other), 0);
    ck_assert_ptr_null(other);
    blocked_free(other);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("blocked");
    TCase *tests = tcase_create("blocked");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, 20);
    tcase_add_test(tests, a_visit_that_does_not_end_is_told_once);
    tcase_add_test(tests, visits_that_end_are_not_blamed);
    tcase_add_test(tests, who_waits_for_a_disk_is_told_while_it_waits);
    tcase_add_test(tests, a_visit_soon_after_another_is_told_too);
    tcase_add_test(tests, who_looks_and_dies_leaves_nobody_stopped);
    tcase_add_test(tests, who_is_stopped_is_not_blamed);
    tcase_add_test(tests, who_starts_is_not_watched);
    tcase_add_test(tests, a_watch_that_was_away_begins_anew);
    tcase_add_test(tests, without_a_limit_there_is_no_watch);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
