/*
 * The shell's end comes by children.h, its output by a pipe. A compiler's helpers may hold the pipe
 * open for ever (a cache's daemon, a job in the background), so its end is only waited for when
 * everything was told to go.
 */
#include "proc/dev/build_step.h"
#include "base/mem.h"
#include "proc/children.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep(struct build_step *step, const char *src, size_t n)
{
    if (!step->text)
        step->text = mem_alloc(BUILD_TEXT_BYTES);
    size_t room = step->text ? BUILD_TEXT_BYTES - step->len : 0;
    size_t kept = n < room ? n : room;
    if (kept)
        memcpy(step->text + step->len, src, kept);
    step->len += kept;
    step->n_lost += n - kept;
}

static bool is_open(const struct build_step *step)
{
    return step->output.fd >= 0;
}

static void close_output(struct build_step *step)
{
    if (!is_open(step))
        return;
    ev_io_stop(step->loop, &step->output);
    close(step->output.fd);
    step->output.fd = -1;
}

/* Until nothing waits to be read; closes at the end. */
static void take_output(struct build_step *step)
{
    char buffer[4096];
    while (is_open(step)) {
        ssize_t n = read(step->output.fd, buffer, sizeof buffer);
        if (n > 0)
            keep(step, buffer, (size_t)n);
        else if (n < 0 && errno == EINTR)
            continue;
        else if (n < 0 && errno == EAGAIN)
            return;
        else
            close_output(step);
    }
}

static void end(struct build_step *step)
{
    if (!step->is_gone || (step->waits_for_all && is_open(step)))
        return;
    take_output(step);
    close_output(step);
    step->ended(step);
}

static void on_output(struct ev_loop *loop, ev_io *output, int events)
{
    struct build_step *step = output->data;
    (void)loop, (void)events;
    take_output(step);
    end(step);
}

static void on_gone(pid_t pid, int status, void *arg)
{
    struct build_step *step = arg;
    (void)pid;
    step->status = status;
    step->is_gone = true;
    end(step);
}

/* The result is for the workers' user to read, whatever our umask: its folder is private. */
static void become_shell(int output, const char *const *argv, const char *pkg_config_path)
{
    const char *words[64] = {"sh", "-c", argv[0], "sh"};
    size_t n = 4, extra = 0;
    int null = open("/dev/null", O_RDONLY);
    while (argv[1 + extra])
        extra++;
    const char **all = extra + 5 > 64 ? mem_alloc((extra + 5) * sizeof *all) : words;
    if (!all || null < 0)
        _exit(126);
    memcpy(all, words, n * sizeof *all);
    memcpy(all + n, argv + 1, (extra + 1) * sizeof *all);
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    children_release_signals();
    umask(022);
    if (pkg_config_path)
        setenv("PKG_CONFIG_PATH", pkg_config_path, 1);
    if (dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        _exit(126);
    if (null > 2)
        close(null);
    execv("/bin/sh", (char *const *)(const void *)all);
    _exit(126);
}

int build_step_start(struct build_step *step, struct ev_loop *loop, const char *const *argv,
                     const char *pkg_config_path)
{
    int fds[2];
    step->loop = loop;
    step->output.fd = -1;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = children_fork(on_gone, step);
    if (pid == 0)
        become_shell(fds[1], argv, pkg_config_path);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return pid;
    }
    setpgid(pid, pid); /* whoever comes first */
    step->pid = pid;
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    ev_io_init(&step->output, on_output, fds[0], EV_READ);
    step->output.data = step;
    ev_io_start(loop, &step->output);
    return 0;
}

void build_step_kill(struct build_step *step, int number)
{
    step->waits_for_all = true;
    if (step->pid > 0 && (!step->is_gone || is_open(step)))
        kill(-step->pid, number);
}

void build_step_forget(const struct build_step *step)
{
    if (step->pid > 0 && is_open(step))
        close(step->output.fd);
}

void build_step_fini(struct build_step *step)
{
    if (step->pid > 0) {
        if (!step->is_gone)
            children_forget(step->pid);
        close_output(step);
    }
    mem_free(step->text);
    *step = (struct build_step){.output = {.fd = -1}};
}
