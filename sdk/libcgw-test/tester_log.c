/* What the application says, line by line: kept, and printed. */
#include "tester_call.h"
#include "tester_fail.h"
#include <stdio.h>
#include <stdlib.h>

static char *copy_text(const char *message, size_t len)
{
    char *text = malloc(len + 1);
    if (!text)
        return NULL;
    for (size_t i = 0; i < len; i++)
        text[i] = message[i] ? message[i] : ' '; /* so that all of it can be searched and printed */
    text[len] = '\0';
    return text;
}

/* Newest last; the list is only ever read when the lock is held. */
static void keep(cgw_test *test, char *text, bool is_error)
{
    struct tester_line *line = malloc(sizeof *line);
    if (!line) {
        free(text);
        return;
    }
    *line = (struct tester_line){.text = text};
    pthread_mutex_lock(&test->log_lock);
    struct tester_line **end = test->lines_end ? test->lines_end : &test->lines;
    *end = line;
    test->lines_end = &line->next;
    if (is_error)
        test->last_error = text;
    pthread_mutex_unlock(&test->log_lock);
}

void tester_log(cgw_test *test, const struct tester_call *call, int level, const char *message,
                size_t len)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    char *text = copy_text(message, len);
    if (!text)
        return;
    if (!test->options.quiet)
        fprintf(stderr, "%s: %s%s%s%s\n", levels[level], text, call ? " (" : "",
                call ? call->name : "", call ? ")" : "");
    keep(test, text, level == CGW_LOG_ERROR);
}

void tester_log_call(struct cgw_call *pub, int level, const char *message, size_t len)
{
    struct tester_call *call = tester_call_anywhere(pub, "log()");
    if (level < CGW_LOG_DEBUG || level > CGW_LOG_ERROR)
        tester_misuse(call, "log() with level %d", level);
    if (len && !message)
        tester_misuse(call, "log() of %zu bytes at NULL", len);
    tester_log(call->test, call, level, message, len);
}

size_t cgw_test_logged(cgw_test *test, const char *part)
{
    size_t n = 0;
    pthread_mutex_lock(&test->log_lock);
    for (const struct tester_line *line = test->lines; line; line = line->next)
        n += strstr(line->text, part) != NULL;
    pthread_mutex_unlock(&test->log_lock);
    return n;
}

void tester_log_fini(cgw_test *test)
{
    for (struct tester_line *line = test->lines, *next; line; line = next) {
        next = line->next;
        free(line->text);
        free(line);
    }
    test->lines = NULL;
}
