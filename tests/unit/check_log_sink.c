/* Sinks that are slow, full, stuck, broken or moved, and the thread that writes them. */
#include "log_play.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITERS 4
#define EACH    5000

static void say(struct log_sink *sink, const char *line)
{
    log_sink_line(sink, line, strlen(line));
}

static void *write_many(void *arg)
{
    struct log_sink *sink = arg;
    for (int i = 0; i < EACH; i++)
        say(sink, "one line of the access log, as long as they are on the average, or nearly so");
    return NULL;
}

START_TEST(many_threads_write_whole_lines)
{
    struct log_sink *sink;
    pthread_t threads[WRITERS];
    ck_assert_int_eq(log_sink_open(path, -1, 64 * 1024, &sink), 0);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, sink), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    uint64_t dropped = log_sink_dropped(sink);
    log_sink_close(sink, 60000);
    const char *text = contents(path);
    ck_assert_uint_eq(count_lines(text) + dropped, WRITERS * EACH);
    for (size_t i = strlen(text) / 77; i-- > 0;)
        ck_assert(text[i * 77] == 'o' && text[i * 77 + 76] == '\n');
}
END_TEST

START_TEST(a_file_is_appended_to_and_private)
{
    struct log_sink *sink;
    struct stat info;
    umask(0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(log_sink_open(path, -1, 1024, &sink), 0);
        say(sink, i ? "second" : "first");
        log_sink_close(sink, 60000);
    }
    ck_assert_str_eq(contents(path), "first\nsecond\n");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0640);
    ck_assert_int_eq(log_sink_open(folder, -1, 1024, &sink), -EISDIR);
    log_sink_close(NULL, 0);
}
END_TEST

static size_t count_threads(void)
{
    size_t n = 0;
    DIR *tasks = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(tasks);
    for (struct dirent *task; (task = readdir(tasks));)
        n += task->d_name[0] != '.';
    closedir(tasks);
    return n;
}

static void *do_nothing(void *arg)
{
    return arg;
}

START_TEST(the_writer_leaves_and_comes_back)
{
    struct log_sink *sink;
    pthread_t first; /* with it a sanitizer's own thread may come, which stays */
    ck_assert_int_eq(pthread_create(&first, NULL, do_nothing, NULL), 0);
    pthread_join(first, NULL);
    size_t before = count_threads();
    ck_assert_int_eq(log_sink_open(path, -1, 1024, &sink), 0);
    ck_assert_uint_eq(count_threads(), before);
    for (int i = 0; i < 3; i++) {
        say(sink, "here");
        while (count_threads() > before)
            nap();
        ck_assert_uint_eq(count_lines(contents(path)), (size_t)i + 1);
    }
    log_sink_close(sink, 60000);
    ck_assert_str_eq(contents(path), "here\nhere\nhere\n");
}
END_TEST

/* No room for a thread's stack: callers write, but never wait; what is left the end writes. */
START_TEST(without_a_thread_lines_go_out_all_the_same)
{
#ifndef SANITIZED /* their own memory has no limit */
    struct log_sink *sink;
    struct rlimit old, none;
    static char junk[65536], text[65536 + 100];
    int ends[2];
    size_t before = count_threads();
    ck_assert_int_eq(pipe(ends), 0);
    if (_i) /* nobody reads for a while */
        ck_assert_int_eq(write(ends[1], junk, sizeof(junk)), sizeof(junk));
    ck_assert_int_eq(log_sink_open(NULL, ends[1], 65536, &sink), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
    none = (struct rlimit){4096, old.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
    for (int i = 0; i < 5; i++)
        say(sink, "waiting");
    setrlimit(RLIMIT_AS, &old);
    ck_assert_uint_eq(count_threads(), before);
    if (_i)
        ck_assert_int_eq(read(ends[0], text, sizeof(junk)), sizeof(junk));
    else
        ck_assert_int_eq(read(ends[0], text, sizeof(text)), 5 * 8);
    if (!_i)
        say(sink, "the last");
    log_sink_close(sink, 60000);
    ck_assert_int_eq(read(ends[0], text, sizeof(text)), _i ? 5 * 8 : 9);
    ck_assert_mem_eq(text, _i ? "waiting\nwaiting\n" : "the last\n", 9);
    close(ends[0]);
    close(ends[1]);
#endif
}
END_TEST

/* For a process that forks: no thread, nobody waits, a nudge writes what had to. */
START_TEST(a_threadless_sink_is_written_by_its_callers)
{
    struct log_sink *sink;
    static char junk[65536], text[65536 + 100];
    int ends[2];
    size_t before = count_threads();
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(log_sink_open(NULL, ends[1], 65536, &sink), 0);
    log_sink_be_threadless(sink);
    say(sink, "at once");
    ck_assert_int_eq(read(ends[0], text, sizeof(text)), 8);
    ck_assert_int_eq(write(ends[1], junk, sizeof(junk)), sizeof(junk)); /* nobody reads */
    say(sink, "waiting");
    log_sink_nudge(sink);
    ck_assert_uint_eq(count_threads(), before);
    ck_assert_int_eq(read(ends[0], text, sizeof(junk)), sizeof(junk));
    log_sink_nudge(sink);
    ck_assert_int_eq(read(ends[0], text, sizeof(text)), 8);
    ck_assert_mem_eq(text, "waiting\n", 8);
    log_sink_close(sink, 60000);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(a_line_longer_than_the_buffer_is_dropped)
{
    struct log_sink *sink;
    char line[200];
    memset(line, 'x', sizeof(line));
    take_stderr();
    ck_assert_int_eq(log_sink_open(path, -1, 100, &sink), 0);
    log_sink_line(sink, line, sizeof(line));
    ck_assert_uint_eq(log_sink_dropped(sink), 1);
    say(sink, "short");
    wait_for_text(errors, " lines=1\n");
    log_sink_close(sink, 60000);
    ck_assert_str_eq(contents(path), "short\n");
    ck_assert_uint_eq(told_drops(), 1);
}
END_TEST

/* Blocking and non-blocking: the writer gets stuck in write(), or sees EAGAIN. */
START_TEST(a_stuck_pipe_holds_nobody_up_and_drops_are_told)
{
    int ends[2];
    struct log_sink *sink;
    unsigned said = 0;
    take_stderr();
    ck_assert_int_eq(pipe2(ends, _i ? O_NONBLOCK : 0), 0);
    fcntl(ends[0], F_SETFL, 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    ck_assert_int_eq(log_sink_open(NULL, ends[1], 4096, &sink), 0);
    for (; log_sink_dropped(sink) < 100; said++)
        say(sink, "nobody reads this yet");
    unsigned dropped = (unsigned)log_sink_dropped(sink);
    /* the reader comes back; the sink takes lines again */
    size_t seen = 0;
    while (seen < said - dropped)
        seen += read_until(ends[0], "\n");
    ck_assert_uint_eq(seen, said - dropped);
    for (uint64_t before = 0; before != log_sink_dropped(sink);) {
        before = log_sink_dropped(sink);
        say(sink, "last"); /* the ring is empty only when the writer has come back from write() */
    }
    ck_assert_uint_eq(read_until(ends[0], "last\n"), 1);
    dropped = (unsigned)log_sink_dropped(sink);
    while (told_drops() < dropped)
        nap();
    ck_assert_uint_eq(told_drops(), dropped);
    ck_assert_ptr_nonnull(strstr(contents(errors), " warning CGW0601 "));
    log_sink_close(sink, 60000);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(closing_a_stuck_sink_comes_to_an_end)
{
    int ends[2];
    struct log_sink *sink;
    ck_assert_int_eq(pipe2(ends, _i ? O_NONBLOCK : 0), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    ck_assert_int_eq(log_sink_open(NULL, ends[1], 16384, &sink), 0);
    for (int i = 0; i < 400; i++)
        say(sink, "nobody will ever read this line of the log");
    log_sink_close(sink, 1);
    /* the abandoned writer gets away when its reader does */
    close(ends[0]);
}
END_TEST

START_TEST(a_reader_that_went_away_is_no_signal_and_no_spin)
{
    int ends[2];
    struct log_sink *sink;
    struct rusage before, after;
    ck_assert_int_eq(pipe(ends), 0);
    close(ends[0]);
    ck_assert_int_eq(log_sink_open(NULL, ends[1], 1024, &sink), 0);
    getrusage(RUSAGE_SELF, &before);
    while (log_sink_dropped(sink) < 100)
        say(sink, "to nobody");
    for (int i = 0; i < 100; i++)
        nap();
    getrusage(RUSAGE_SELF, &after);
    ck_assert_int_lt(after.ru_nvcsw - before.ru_nvcsw, 400);
    log_sink_close(sink, 60000);
    close(ends[1]);
}
END_TEST

/* A file that may not grow stands for a full disk: bytes of a line may be missing until later. */
START_TEST(a_full_disk_drops_lines_until_there_is_room)
{
    struct log_sink *sink;
    struct rlimit before, small = {10, RLIM_INFINITY};
    take_stderr();
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(log_sink_open(path, -1, 64, &sink), 0);
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    while (log_sink_dropped(sink) < 5)
        say(sink, "does it fit?");
    ck_assert_uint_le(strlen(contents(path)), 10);
    setrlimit(RLIMIT_FSIZE, &before);
    wait_for_text(path, "does it fit?\n");
    while (!strstr(contents(path), "now it does\n")) {
        say(sink, "now it does");
        nap();
    }
    /* what was told while there was no room, standard error had no room for either */
    while (!strstr(contents(errors), "CGW0601 lines of a log were dropped"))
        for (int i = 0; i < 20; i++) /* more than the buffer holds */
            say(sink, "now it does");
    log_sink_close(sink, 60000);
    for (const char *line = contents(path); *line; line = strchr(line, '\n') + 1)
        ck_assert(strncmp(line, "does it fit?\n", 13) == 0 ||
                  strncmp(line, "now it does\n", 12) == 0);
}
END_TEST

static void wait_for_failure(const char *of)
{
    char line[128];
    snprintf(line, sizeof(line),
             " error CGW0602 a log cannot be written: %s path=%s fd=", strerror(ENOSPC), of);
    wait_for_text(errors, line);
}

START_TEST(a_log_that_fails_says_so_once_and_tells_what_was_lost)
{
    struct log_sink *sink;
    take_stderr();
    ck_assert_int_eq(log_sink_open("/dev/full", -1, 1024, &sink), 0);
    for (int i = 0; i < 3; i++)
        say(sink, "lost");
    wait_for_failure("/dev/full");
    for (int i = 0; i < 75; i++) /* some more tries */
        nap();
    ck_assert_uint_eq(log_sink_dropped(sink), 0);
    log_sink_close(sink, 60000);
    ck_assert_uint_eq(count_failures(), 1);
    ck_assert_uint_eq(told_drops(), 3);
}
END_TEST

START_TEST(lines_that_a_stuck_sink_never_took_are_told)
{
    int ends[2];
    struct log_sink *sink;
    static char junk[65536];
    take_stderr();
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], junk, sizeof(junk)) > 0)
        ;
    ck_assert_int_eq(log_sink_open(NULL, ends[1], 1024, &sink), 0);
    for (int i = 0; i < 7; i++)
        say(sink, "nobody reads this");
    log_sink_close(sink, 1);
    ck_assert_uint_eq(told_drops(), 7);
    ck_assert_uint_eq(count_failures(), 0);
    close(ends[0]);
}
END_TEST

START_TEST(reopening_follows_a_rotation_and_survives_failure)
{
    struct log_sink *sink;
    ck_assert_int_eq(log_sink_open(path, -1, 1024, &sink), 0);
    say(sink, "old");
    wait_for_text(path, "old\n");
    ck_assert_int_eq(rename(path, moved), 0);
    say(sink, "still old");
    wait_for_text(moved, "still old\n");
    ck_assert_int_eq(log_sink_reopen(sink), 0);
    say(sink, "new");
    wait_for_text(path, "new\n");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(log_sink_reopen(sink), -EISDIR);
    rmdir(path);
    ck_assert_int_eq(log_sink_reopen(sink), 0);
    say(sink, "again");
    log_sink_close(sink, 60000);
    ck_assert_str_eq(contents(path), "again\n");
    ck_assert_str_eq(contents(moved), "old\nstill old\n");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("log_sink");
    TCase *tests = tcase_create("log_sink");
    tcase_add_checked_fixture(tests, log_play_setup, log_play_teardown);
    tcase_add_test(tests, many_threads_write_whole_lines);
    tcase_add_test(tests, a_file_is_appended_to_and_private);
    tcase_add_test(tests, the_writer_leaves_and_comes_back);
    tcase_add_loop_test(tests, without_a_thread_lines_go_out_all_the_same, 0, 2);
    tcase_add_test(tests, a_threadless_sink_is_written_by_its_callers);
    tcase_add_test(tests, a_line_longer_than_the_buffer_is_dropped);
    tcase_add_loop_test(tests, a_stuck_pipe_holds_nobody_up_and_drops_are_told, 0, 2);
    tcase_add_loop_test(tests, closing_a_stuck_sink_comes_to_an_end, 0, 2);
    tcase_add_test(tests, a_reader_that_went_away_is_no_signal_and_no_spin);
    tcase_add_test(tests, a_full_disk_drops_lines_until_there_is_room);
    tcase_add_test(tests, a_log_that_fails_says_so_once_and_tells_what_was_lost);
    tcase_add_test(tests, lines_that_a_stuck_sink_never_took_are_told);
    tcase_add_test(tests, reopening_follows_a_rotation_and_survives_failure);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
