/* A list of pids and callbacks, and the one place that forks and waits. */
#include "proc/children.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    struct list link;
    pid_t pid;
    child_exit_fn *fn; /* NULL: forgotten */
    void *arg;
};

static struct list children;
static struct ev_loop *loop_of_parent;
static ev_signal ended;
static void (*on_child)(void *arg);
static void *on_child_arg;

static struct child *find(pid_t pid)
{
    list_each (node, &children) {
        struct child *child = list_owner(node, struct child, link);
        if (child->pid == pid)
            return child;
    }
    return NULL;
}

static void drop(struct child *child)
{
    list_remove(&child->link);
    mem_free(child);
}

static void on_ended(struct ev_loop *loop, ev_signal *signal, int events)
{
    int status;
    pid_t pid;
    (void)loop, (void)signal, (void)events;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct child *child = find(pid);
        if (!child)
            continue;
        struct child now = *child;
        drop(child);
        if (now.fn)
            now.fn(pid, status, now.arg);
    }
}

void children_start(struct ev_loop *loop, void (*begin_child)(void *arg), void *arg)
{
    list_init(&children);
    loop_of_parent = loop;
    on_child = begin_child;
    on_child_arg = arg;
    ev_signal_init(&ended, on_ended, SIGCHLD);
    ev_signal_start(loop, &ended);
    ev_unref(loop);
}

void children_stop(void)
{
    struct list *node;
    if (!loop_of_parent)
        return;
    while ((node = list_take(&children)))
        mem_free(list_owner(node, struct child, link));
    ev_ref(loop_of_parent);
    ev_signal_stop(loop_of_parent, &ended);
    loop_of_parent = NULL;
}

/* The child starts as if it had been executed: nothing of ours handles its signals. */
static void reset_signals(void)
{
    static const int held_back[] = {SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU};
    sigset_t held;
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            signal(number, SIG_DFL);
    }
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof held_back / sizeof *held_back; i++)
        sigaddset(&held, held_back[i]);
    sigprocmask(SIG_SETMASK, &held, NULL);
}

void children_release_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A signal that comes between fork() and reset_signals() would be written to the parent's pipe. */
static void block_signals(sigset_t *ret_before)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, ret_before);
}

static void begin_child(void)
{
    struct ev_loop *loop = loop_of_parent;
    log_fork_end(true);
    reset_signals();
    if (on_child)
        on_child(on_child_arg);
    children_stop();
    if (loop)
        ev_loop_destroy(loop);
}

pid_t children_fork(child_exit_fn *fn, void *arg)
{
    struct child *child = mem_zalloc(sizeof *child);
    sigset_t before;
    if (!child)
        return -ENOMEM;
    *child = (struct child){.fn = fn, .arg = arg};
    block_signals(&before);
    log_fork_begin();
    pid_t pid = fork();
    int error = errno;
    if (pid == 0) {
        mem_free(child);
        begin_child();
        return 0;
    }
    log_fork_end(false);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        mem_free(child);
        return -error;
    }
    child->pid = pid;
    list_append(&children, &child->link);
    return pid;
}

int children_adopt(pid_t pid, child_exit_fn *fn, void *arg)
{
    struct child *child = mem_zalloc(sizeof *child);
    if (!child)
        return -ENOMEM;
    *child = (struct child){.pid = pid, .fn = fn, .arg = arg};
    list_append(&children, &child->link);
    return 0;
}

void children_forget(pid_t pid)
{
    struct child *child = find(pid);
    if (child)
        child->fn = NULL;
}
