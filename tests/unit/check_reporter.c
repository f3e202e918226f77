/* Reports of dead workers: with names, without where who looks them up hangs or dies, or none. */
#include "base/log.h"
#include "config.h"
#include "proc/children.h"
#include "proc/report/reporter.h"
#include "unit.h"
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_BYTES = 65536 };

static struct board board;
static struct board_slot *slot = &board.slots[1];
static struct ev_loop *loop;
static char path[] = "/tmp/check_reporter.XXXXXX", fifo[sizeof path + 8], said[LOG_BYTES];

static __attribute__((noinline)) void take_here(void)
{
    trace_take(&slot->crash.trace, NULL);
    slot->crash.address = slot->crash.trace.n_frames; /* the call above is no jump */
}

static void begin(void)
{
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    snprintf(fifo, sizeof fifo, "%s.fifo", path);
    ck_assert_int_eq(log_start(path, false, LOG_LEVEL_INFO), 0);
    loop = ev_loop_new(EVFLAG_NOENV);
    children_start(loop, NULL, NULL);
    trace_note_objects();
    atomic_store(&slot->pid, 4242);
    take_here();
    slot->crash.signal = SIGSEGV;
    slot->crash.code = SEGV_MAPERR;
    slot->crash.address = 0;
    slot->crash.is_on_pool = true;
    slot->crash.request = (struct board_request){true, 0xab, "GET /x HTTP/1.1", "/{x}"};
    atomic_store(&slot->crash.stage, 4);
}

static void end(void)
{
    children_stop();
    ev_loop_destroy(loop);
    unlink(path);
    unlink(fifo);
}

static bool has(const char *text)
{
    return strstr(said, text) != NULL;
}

static void read_log(void)
{
    log_stop(); /* all is written */
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    fclose(file);
}

/* Whoever opens it to read waits for a writer, as on a disk that does not answer. */
static void hang_on_object(void)
{
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    slot->crash.trace.n_frames = slot->crash.trace.n_objects = 0;
    ck_assert(trace_add(&slot->crash.trace, 0x10123, 0x10000, fifo));
}

static void check_report(void)
{
    ck_assert(has("CGW0190 a worker crashed: use of a null pointer "));
    ck_assert(has("pid=4242 "));
    ck_assert(has(" signal=SIGSEGV address=0x0 thread=pool core=no "));
    ck_assert(has(" call=00000000000000ab route=/{x} request=\"GET /x HTTP/1.1\"\n"));
    ck_assert(has("CGW0191 #0 "));
    ck_assert_ptr_null(strstr(strstr(said, "CGW0190") + 1, "CGW0190"));
}

START_TEST(a_report_has_names)
{
    reporter_crash(&board, slot, SIGSEGV);
    memset(slot, 0, sizeof *slot); /* it was copied */
    reporter_finish(10000);
    read_log();
    check_report();
#ifdef HAVE_LIBDW
    ck_assert(has("site=\"take_here "));
    ck_assert(has("CGW0191 #0 take_here "));
#else
    ck_assert(has("check_reporter+0x"));
#endif
}
END_TEST

START_TEST(who_is_too_slow_costs_the_names)
{
    hang_on_object();
    reporter_crash(&board, slot, SIGSEGV);
    reporter_finish(50);
    read_log();
    check_report();
    ck_assert(has("CGW0196 "));
    ck_assert(has("fifo+0x123"));
}
END_TEST

/* Until then clients would wait there for nobody, and a server that starts could not have it. */
START_TEST(who_is_slow_keeps_no_listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer = -1;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    hang_on_object();
    reporter_crash(&board, slot, SIGSEGV);
    close(fd);
    for (int i = 0; i < 5000; i++, usleep(1000)) {
        peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(peer, (struct sockaddr *)&address, size) < 0)
            break;
        close(peer);
        peer = -1;
    }
    ck_assert_int_eq(errno, ECONNREFUSED);
    ck_assert_int_ge(peer, 0);
    close(peer);
    reporter_finish(50);
    read_log();
    check_report();
}
END_TEST

static pid_t find_child(void)
{
    char name[64];
    int pid = 0;
    snprintf(name, sizeof name, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(name, "r");
    if (file && fscanf(file, "%d", &pid) != 1)
        pid = 0;
    if (file)
        fclose(file);
    return pid;
}

static void stop(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)timer, (void)events;
    ev_break(of, EVBREAK_ALL);
}

START_TEST(who_dies_costs_the_names)
{
    hang_on_object();
    ev_timer timer;
    reporter_crash(&board, slot, SIGSEGV);
    pid_t child = find_child();
    if (child == 0) /* a kernel that does not list children */
        return;
    kill(child, SIGKILL);
    while (waitid(P_PID, (id_t)child, &(siginfo_t){0}, WEXITED | WNOWAIT) < 0)
        ;
    ev_timer_init(&timer, stop, 0.5, 0);
    ev_timer_start(loop, &timer);
    ev_run(loop, 0); /* which hears of it */
    reporter_finish(0);
    read_log();
    check_report();
    ck_assert(has("CGW0196 "));
    ck_assert(has("code=9"));
}
END_TEST

START_TEST(who_left_nothing_is_not_told)
{
    atomic_store(&slot->crash.stage, 0);
    reporter_crash(&board, slot, SIGKILL);
    reporter_finish(1000);
    read_log();
    ck_assert_str_eq(said, "");
}
END_TEST

/* The handler died itself: what it had stored counts, what it had not is not made up. */
START_TEST(an_early_end_is_told_as_far_as_it_goes)
{
    slot->crash.trace.n_frames = 0xffffff;
    slot->crash.request.is_known = false;
    memset(slot->crash.request.line, 'x', sizeof slot->crash.request.line);
    atomic_store(&slot->crash.stage, 1);
    reporter_crash(&board, slot, SIGSEGV);
    reporter_finish(10000);
    read_log();
    ck_assert(has(" site=- call=- route=- request=-\n"));
    ck_assert(!has("CGW0191"));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("reporter");
    TCase *tests = tcase_create("reporter");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, a_report_has_names);
    tcase_add_test(tests, who_is_too_slow_costs_the_names);
    tcase_add_test(tests, who_is_slow_keeps_no_listener);
    tcase_add_test(tests, who_dies_costs_the_names);
    tcase_add_test(tests, who_left_nothing_is_not_told);
    tcase_add_test(tests, an_early_end_is_told_as_far_as_it_goes);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
