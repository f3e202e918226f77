/* The last words of a test that cannot go on. */
#include "tester_play.h"
#include "unit.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

const char *play_dies(void (*fn)(void))
{
    static char text[8192];
    int ends[2], status;
    size_t len = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        fn();
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)n;
    text[len] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
                  "ended with status 0x%x and said: %s", (unsigned)status, text);
    return text;
}
