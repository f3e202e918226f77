/* Names of code: of a trace of this process, of a thread of another one that sleeps, stands or is
   gone; what has no name; what is no object. */
#include "config.h"
#include "proc/report/symbols.h"
#include "unit.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct trace trace;
static int line_of_take;
static volatile int result;

static __attribute__((noinline)) int take_here(void)
{
    line_of_take = __LINE__ + 1;
    trace_take(&trace, NULL);
    return (int)trace.n_frames;
}

static inline __attribute__((always_inline)) int take_inlined(void)
{
    result = take_here(); /* something is left to do: the call is no jump */
    return result;
}

static __attribute__((noinline)) int take_through_inlined(void)
{
    result = take_inlined();
    return result;
}

static __attribute__((noinline)) int sleep_here(int ready)
{
    ssize_t n = write(ready, "", 1);
    for (;;)
        n += pause();
    return (int)n;
}

#ifdef HAVE_LIBDW
static int descriptor = 1; /* as that of an application: in the file, no zeros */

static bool has(struct symbols *symbols, const char *function, struct symbol *ret)
{
    struct symbol found[SYMBOLS_DEPTH];
    for (uint32_t i = 0; i < trace.n_frames; i++) {
        size_t n = symbols_name(symbols, &trace.frames[i], found);
        for (size_t level = 0; level < n; level++)
            if (strcmp(found[level].function, function) == 0) {
                *ret = found[level];
                return true;
            }
    }
    return false;
}

START_TEST(a_trace_is_named_with_file_and_line)
{
    struct symbols *symbols;
    struct symbol found[SYMBOLS_DEPTH];
    char text[200], expected[200];
    take_through_inlined();
    ck_assert_int_eq(symbols_of_trace(&trace, &symbols), 0);
    ck_assert_uint_eq(symbols_name(symbols, &trace.frames[0], found), 1);
    ck_assert_str_eq(found[0].function, "take_here");
    ck_assert_uint_eq(found[0].line, (unsigned)line_of_take);
    symbols_print(&trace, &trace.frames[0], &found[0], text, sizeof text);
    snprintf(expected, sizeof expected, "check_symbols.c:%d", line_of_take);
    ck_assert_ptr_eq(strstr(text, "take_here "), text);
    ck_assert_str_eq(text + strlen(text) - strlen(expected), expected);
    symbols_free(symbols);
}
END_TEST

START_TEST(what_is_inlined_is_named_too)
{
    struct symbols *symbols;
    struct symbol found[SYMBOLS_DEPTH];
    take_through_inlined();
    ck_assert_int_eq(symbols_of_trace(&trace, &symbols), 0);
    ck_assert_uint_eq(symbols_name(symbols, &trace.frames[1], found), 2);
    ck_assert_str_eq(found[0].function, "take_inlined");
    ck_assert_str_eq(found[1].function, "take_through_inlined");
    ck_assert_uint_gt(found[1].line, found[0].line);
    ck_assert_str_eq(found[1].file, found[0].file);
    symbols_free(symbols);
}
END_TEST

static pid_t start_sleeper(void)
{
    int pipes[2];
    char byte;
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(sleep_here(pipes[1]));
    ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
    return pid;
}

static void end(pid_t pid)
{
    int status;
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL); /* and it has not ended before */
}

static void find_sleeper(pid_t pid)
{
    struct symbols *symbols;
    struct symbol found;
    ck_assert_int_eq(symbols_of_process(pid, &symbols), 0);
    ck_assert_int_eq(symbols_frames(symbols, pid, &trace), 0);
    ck_assert(has(symbols, "sleep_here", &found));
    ck_assert_ptr_nonnull(strstr(found.file, "check_symbols.c"));
    int object = symbols_object(symbols, &trace, (uintptr_t)&descriptor);
    ck_assert_int_ge(object, 0);
    ck_assert_ptr_nonnull(strstr(trace.objects[object], program_invocation_short_name));
    ck_assert_int_eq(symbols_object(symbols, &trace, 1), -1);
    symbols_free(symbols);
}

START_TEST(another_process_is_looked_into_and_goes_on)
{
    pid_t pid = start_sleeper();
    find_sleeper(pid);
    find_sleeper(pid);
    end(pid);
}
END_TEST

START_TEST(a_stopped_process_is_looked_into_and_stays_so)
{
    int status;
    pid_t pid = start_sleeper();
    ck_assert_int_eq(kill(pid, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    find_sleeper(pid);
    ck_assert_int_eq(waitpid(pid, &status, WNOHANG | WCONTINUED), 0);
    end(pid);
}
END_TEST

START_TEST(a_process_that_is_gone_is_an_error)
{
    struct symbols *symbols = NULL;
    pid_t pid = start_sleeper();
    ck_assert_int_eq(symbols_of_process(pid, &symbols), 0);
    end(pid);
    ck_assert_int_lt(symbols_frames(symbols, pid, &trace), 0);
    symbols_free(symbols);
    ck_assert_int_lt(symbols_of_process(pid, &symbols), 0);
}
END_TEST

START_TEST(objects_that_are_no_files_have_no_names)
{
    struct symbols *symbols;
    struct symbol found[SYMBOLS_DEPTH];
    char text[100];
    trace.n_frames = trace.n_objects = 0;
    ck_assert(trace_add(&trace, 0x7000123, 0x7000000, "/nowhere/app.so"));
    ck_assert(trace_add(&trace, 0x8000123, 0x8000000, "/dev/null"));
    ck_assert(trace_add(&trace, 0x42, 0, NULL));
    ck_assert_int_eq(symbols_of_trace(&trace, &symbols), 0);
    for (uint32_t i = 0; i < trace.n_frames; i++)
        ck_assert_uint_eq(symbols_name(symbols, &trace.frames[i], found), 0);
    symbols_free(symbols);
    ck_assert_str_eq(symbols_print(&trace, &trace.frames[0], NULL, text, sizeof text),
                     "app.so+0x123");
    ck_assert_str_eq(symbols_print(&trace, &trace.frames[2], NULL, text, sizeof text), "0x42");
}
END_TEST
#else
START_TEST(without_libdw_there_are_objects_and_offsets)
{
    struct symbols *symbols;
    struct symbol found[SYMBOLS_DEPTH];
    char text[200];
    take_through_inlined();
    ck_assert_int_eq(symbols_of_trace(&trace, &symbols), -ENOSYS);
    ck_assert_uint_eq(symbols_name(NULL, &trace.frames[0], found), 0);
    symbols_print(&trace, &trace.frames[0], NULL, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "+0x"));
    ck_assert_ptr_nonnull((void *)(uintptr_t)sleep_here);
}
END_TEST
#endif

START_TEST(what_does_not_fit_is_cut)
{
    struct symbol symbol = {.function = "handler", .file = "app.c", .line = 42};
    char text[200];
    static const char whole[] = "handler app.c:42";
    trace.n_frames = trace.n_objects = 0;
    ck_assert(trace_add(&trace, 0x42, 0, NULL));
    for (size_t room = 1; room <= sizeof whole; room++) {
        symbols_print(&trace, &trace.frames[0], &symbol, text, room);
        ck_assert_uint_eq(strlen(text), room - 1);
        ck_assert_int_eq(strncmp(text, whole, room - 1), 0);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("symbols");
    TCase *tests = tcase_create("symbols");
    trace_note_objects();
#ifdef HAVE_LIBDW
    tcase_add_test(tests, a_trace_is_named_with_file_and_line);
    tcase_add_test(tests, what_is_inlined_is_named_too);
    tcase_add_test(tests, another_process_is_looked_into_and_goes_on);
    tcase_add_test(tests, a_stopped_process_is_looked_into_and_stays_so);
    tcase_add_test(tests, a_process_that_is_gone_is_an_error);
    tcase_add_test(tests, objects_that_are_no_files_have_no_names);
#else
    tcase_add_test(tests, without_libdw_there_are_objects_and_offsets);
#endif
    tcase_add_test(tests, what_does_not_fit_is_cut);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
