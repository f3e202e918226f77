/* See log_play.h. */
#include "log_play.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

char folder[] = "/tmp/check_log.XXXXXX";
char path[64], moved[64], errors[64];

void log_play_setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/log", folder);
    snprintf(moved, sizeof(moved), "%s/log.1", folder);
    snprintf(errors, sizeof(errors), "%s/errors", folder);
}

void log_play_teardown(void)
{
    chmod(folder, 0700);
    unlink(path);
    unlink(moved);
    unlink(errors);
    rmdir(folder);
}

void nap(void)
{
    nanosleep(&(struct timespec){0, 2000000}, NULL);
}

/* The whole file, NUL-terminated; the test's memory. */
const char *contents(const char *of)
{
    static char text[4 * 1024 * 1024];
    FILE *file = fopen(of, "r");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file)
        fclose(file);
    text[n] = '\0';
    return text;
}

void wait_for_text(const char *of, const char *text)
{
    while (!strstr(contents(of), text))
        nap();
}

size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n;
}

/* Let standard error be the file errors; before the log starts. */
void take_stderr(void)
{
    int fd = open(errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_ge(fd, 0);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

/* Lines that the notes in the error log tell of, all together. */
unsigned told_drops(void)
{
    unsigned sum = 0;
    for (const char *at = contents(errors); (at = strstr(at, " lines=")); at++)
        sum += (unsigned)strtoul(at + 7, NULL, 10);
    return sum;
}

/* Read until the text has been seen; the lines read are counted. */
size_t read_until(int fd, const char *text)
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

size_t count_failures(void)
{
    size_t n = 0;
    for (const char *at = contents(errors); (at = strstr(at, "CGW0602")); at++)
        n++;
    return n;
}
