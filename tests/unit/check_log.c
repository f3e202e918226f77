/* The logs: escaping, text and JSON lines, and sinks that are slow, full, stuck, broken or moved.
 */
#include "base/log.h"
#include "unit.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#define WRITERS 4
#define EACH    5000

static char folder[] = "/tmp/check_log.XXXXXX";
static char path[64], moved[64], errors[64];

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/log", folder);
    snprintf(moved, sizeof(moved), "%s/log.1", folder);
    snprintf(errors, sizeof(errors), "%s/errors", folder);
}

static void teardown(void)
{
    chmod(folder, 0700);
    unlink(path);
    unlink(moved);
    unlink(errors);
    rmdir(folder);
}

static void nap(void)
{
    nanosleep(&(struct timespec){0, 2000000}, NULL);
}

/* The whole file, NUL-terminated; the test's memory. */
static const char *contents(const char *of)
{
    static char text[4 * 1024 * 1024];
    FILE *file = fopen(of, "r");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file)
        fclose(file);
    text[n] = '\0';
    return text;
}

static void wait_for_text(const char *of, const char *text)
{
    while (!strstr(contents(of), text))
        nap();
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

/* Let standard error be the file errors; before the log starts. */
static void take_stderr(void)
{
    int fd = open(errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_ge(fd, 0);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

static void say(struct log_sink *sink, const char *line)
{
    log_sink_line(sink, line, strlen(line));
}

/* ---- escaping ---- */

static const struct {
    struct str from;
    const char *text, *json;
} escapes[] = {
    {{"", 0}, "", ""},
    {{"plain", 5}, "plain", "plain"},
    {{"a\nb\rc", 5}, "a\\x0ab\\x0dc", "a\\u000ab\\u000dc"},
    {{"\0\x1b[31m\x7f", 7}, "\\x00\\x1b[31m\\x7f", "\\u0000\\u001b[31m\\u007f"},
    {{"say \"hi\" \\o/", 12}, "say \"hi\" \\o/", "say \\\"hi\\\" \\\\o/"},
    {{"gr\xc3\xbc\xc3\x9f", 6}, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
    {{"\xe2\x82\xac", 3}, "\xe2\x82\xac", "\xe2\x82\xac"},
    {{"\xf0\x9f\x98\x80", 4}, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    {{"\xff", 1}, "\\xff", "\\\\xff"},
    {{"\xc3", 1}, "\\xc3", "\\\\xc3"},
    {{"\xc3(", 2}, "\\xc3(", "\\\\xc3("},
    {{"\xc0\xaf", 2}, "\\xc0\\xaf", "\\\\xc0\\\\xaf"},
    {{"\xe0\x80\xaf", 3}, "\\xe0\\x80\\xaf", "\\\\xe0\\\\x80\\\\xaf"},
    {{"\xed\xa0\x80", 3}, "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80"},
    {{"\xf4\x90\x80\x80", 4}, "\\xf4\\x90\\x80\\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80"},
    {{"\xf0\x9f\x98", 3}, "\\xf0\\x9f\\x98", "\\\\xf0\\\\x9f\\\\x98"},
    {{"\xc2\x9b"
      "2J",
      4},
     "\\xc2\\x9b2J",
     "\\u009b2J"},
};

START_TEST(escapes_what_could_break_a_line)
{
    char text[128];
    ck_assert_uint_eq(log_escape(text, sizeof(text), escapes[_i].from), strlen(escapes[_i].text));
    ck_assert_str_eq(text, escapes[_i].text);
    log_escape_json(text, sizeof(text), escapes[_i].from);
    ck_assert_str_eq(text, escapes[_i].json);
}
END_TEST

START_TEST(cuts_between_characters)
{
    char text[16];
    for (size_t room = 1; room <= 9; room++) {
        memset(text, '#', sizeof(text));
        size_t n = log_escape(text, room, STR("ab\n\xe2\x82\xac"));
        ck_assert_uint_lt(n, room);
        ck_assert_uint_eq(n, room <= 3 ? room - 1 : room <= 6 ? 2 : room <= 9 ? 6 : 9);
        ck_assert_int_eq(text[n], '\0');
        ck_assert_int_eq(text[room], '#');
    }
}
END_TEST

/* ---- sinks ---- */

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

/* Lines that the notes in the error log tell of, all together. */
static unsigned told_drops(void)
{
    unsigned sum = 0;
    for (const char *at = contents(errors); (at = strstr(at, " lines=")); at++)
        sum += (unsigned)strtoul(at + 7, NULL, 10);
    return sum;
}

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

/* Read until the text has been seen; the lines read are counted. */
static size_t read_until(int fd, const char *text)
{
    char buffer[65536 + 256];
    size_t lines = 0, kept = 0;
    for (;;) {
        ssize_t n = read(fd, buffer + kept, 65536);
        ck_assert_int_gt(n, 0);
        buffer[kept + (size_t)n] = '\0';
        lines += count_lines(buffer + kept);
        if (strstr(buffer, text))
            return lines;
        size_t used = kept + (size_t)n;
        kept = used < 200 ? used : 200;
        memmove(buffer, buffer + used - kept, kept);
    }
}

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
    say(sink, "last");
    ck_assert_uint_eq(read_until(ends[0], "last\n"), 1);
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
    wait_for_text(errors, "CGW0601 lines of a log were dropped");
    log_sink_close(sink, 60000);
    for (const char *line = contents(path); *line; line = strchr(line, '\n') + 1)
        ck_assert(strncmp(line, "does it fit?\n", 13) == 0 ||
                  strncmp(line, "now it does\n", 12) == 0);
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

/* ---- the error log ---- */

/* A line without its time, which is checked for its form. */
static const char *behind_time(const char *line)
{
    static const char form[] = "0000-00-00T00:00:00.000000Z ";
    for (size_t i = 0; form[i]; i++)
        ck_assert_msg(form[i] == '0' ? line[i] >= '0' && line[i] <= '9' : line[i] == form[i],
                      "no time in front of: %s", line);
    return line + sizeof(form) - 1;
}

START_TEST(before_the_start_and_after_the_stop_lines_go_to_stderr)
{
    take_stderr();
    log_line(LOG_LEVEL_INFO, 101, "serving url=%s", "http://127.0.0.1:8000");
    log_line(LOG_LEVEL_DEBUG, 0, "not shown");
    ck_assert_str_eq(behind_time(contents(errors)),
                     "info CGW0101 serving url=http://127.0.0.1:8000\n");
    ck_assert_int_eq(log_start(path, false, LOG_LEVEL_WARNING), 0);
    log_line(LOG_LEVEL_INFO, 1, "not shown");
    log_line(LOG_LEVEL_WARNING, 1, "shown");
    log_stop();
    ck_assert_str_eq(behind_time(contents(path)), "warning CGW0001 shown\n");
    log_line(LOG_LEVEL_ERROR, 0, "after");
    ck_assert_ptr_nonnull(strstr(contents(errors), "error after\n"));
    log_stop();
    ck_assert(log_is_on(LOG_LEVEL_ERROR) && !log_is_on(LOG_LEVEL_INFO));
}
END_TEST

static void log_samples(void)
{
    log_line(LOG_LEVEL_ERROR, 123, "cannot open the file path=%s errno=%d", "/x y", 5);
    log_line(LOG_LEVEL_INFO, 0, "%s", "the module says key=\"value\"\nCGW0999 forged");
    log_line(LOG_LEVEL_WARNING, 7, "odd value=%s end=%s", "a end=\"b\" c=d", "");
    log_line(LOG_LEVEL_INFO, 7, "a %s b key1=%u", "x key1=9", 1u);
}

START_TEST(text_lines_quote_what_holds_blanks)
{
    ck_assert_int_eq(log_start(path, false, LOG_LEVEL_DEBUG), 0);
    log_samples();
    log_stop();
    static const char *const expected[] = {
        "error CGW0123 cannot open the file path=\"/x y\" errno=5\n",
        "info the module says key=\"value\"\\x0aCGW0999 forged\n",
        "warning CGW0007 odd value=\"a end=\\\"b\\\" c=d\" end=\"\"\n",
        "info CGW0007 a x key1=9 b key1=1\n",
    };
    const char *line = contents(path);
    for (size_t i = 0; i < 4; i++, line = strchr(line, '\n') + 1)
        ck_assert_int_eq(strncmp(behind_time(line), expected[i], strlen(expected[i])), 0);
    ck_assert_str_eq(line, "");
}
END_TEST

START_TEST(json_lines_are_objects_whose_keys_cannot_be_forged)
{
    ck_assert_int_eq(log_start(path, true, LOG_LEVEL_DEBUG), 0);
    log_samples();
    log_stop();
    static const char *const expected[] = {
        "\"level\":\"error\",\"number\":\"CGW0123\",\"message\":\"cannot open the file\","
        "\"path\":\"/x y\",\"errno\":\"5\"}\n",
        "\"level\":\"info\",\"message\":\"the module says key=\\\"value\\\"\\u000aCGW0999 "
        "forged\"}\n",
        "\"level\":\"warning\",\"number\":\"CGW0007\",\"message\":\"odd\","
        "\"value\":\"a end=\\\"b\\\" c=d\",\"end\":\"\"}\n",
        "\"level\":\"info\",\"number\":\"CGW0007\",\"message\":\"a x key1=9 b\",\"key1\":\"1\"}\n",
    };
    const char *line = contents(path);
    for (size_t i = 0; i < 4; i++, line = strchr(line, '\n') + 1) {
        ck_assert_int_eq(strncmp(line, "{\"time\":\"", 9), 0);
        ck_assert_int_eq(strncmp(line + 38, expected[i], strlen(expected[i])), 0);
    }
    ck_assert_str_eq(line, "");
}
END_TEST

START_TEST(long_messages_are_cut_and_stay_lines)
{
    static char text[20000];
    memset(text, _i ? '\n' : 'x', sizeof(text) - 1);
    for (int json = 0; json < 2; json++) {
        unlink(path);
        ck_assert_int_eq(log_start(path, json, LOG_LEVEL_DEBUG), 0);
        log_line(LOG_LEVEL_INFO, 1, "%s", text);
        log_line(LOG_LEVEL_INFO, 1, "m a=%s b=%s", text, text);
        log_line(LOG_LEVEL_INFO, 0, "%.4096s call=%x", text, 0x1234u);
        log_stop();
        const char *lines = contents(path), *first_end = strchr(lines, '\n');
        ck_assert_uint_eq(count_lines(lines), 3);
        ck_assert_ptr_nonnull(strstr(lines, json ? ",\"call\":\"1234\"}\n" : " call=1234\n"));
        ck_assert_int_eq(first_end[-1], json ? '}' : _i ? 'a' : 'x');
        ck_assert_int_gt(first_end - lines, 2000);
    }
}
END_TEST

START_TEST(the_error_log_tells_its_own_drops)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    dup2(ends[1], STDERR_FILENO);
    ck_assert_int_eq(log_start(NULL, _i, LOG_LEVEL_INFO), 0);
    for (int i = 0; i < 12000; i++)
        log_line(LOG_LEVEL_INFO, 0, "%0120d", i);
    read_until(ends[0],
               _i ? "\"number\":\"CGW0601\",\"message\":\"lines of this log were dropped\","
                    "\"lines\":\""
                  : " warning CGW0601 lines of this log were dropped lines=");
    log_stop();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, escapes_what_could_break_a_line, 0,
                        sizeof(escapes) / sizeof(*escapes));
    tcase_add_test(tests, cuts_between_characters);
    tcase_add_test(tests, many_threads_write_whole_lines);
    tcase_add_test(tests, a_file_is_appended_to_and_private);
    tcase_add_test(tests, the_writer_leaves_and_comes_back);
    tcase_add_loop_test(tests, without_a_thread_lines_go_out_all_the_same, 0, 2);
    tcase_add_test(tests, a_line_longer_than_the_buffer_is_dropped);
    tcase_add_loop_test(tests, a_stuck_pipe_holds_nobody_up_and_drops_are_told, 0, 2);
    tcase_add_loop_test(tests, closing_a_stuck_sink_comes_to_an_end, 0, 2);
    tcase_add_test(tests, a_reader_that_went_away_is_no_signal_and_no_spin);
    tcase_add_test(tests, a_full_disk_drops_lines_until_there_is_room);
    tcase_add_test(tests, reopening_follows_a_rotation_and_survives_failure);
    tcase_add_test(tests, before_the_start_and_after_the_stop_lines_go_to_stderr);
    tcase_add_test(tests, text_lines_quote_what_holds_blanks);
    tcase_add_test(tests, json_lines_are_objects_whose_keys_cannot_be_forged);
    tcase_add_loop_test(tests, long_messages_are_cut_and_stay_lines, 0, 2);
    tcase_add_loop_test(tests, the_error_log_tells_its_own_drops, 0, 2);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
