/* Children of children: what is done here between fork(2) and the first job needs care. */
#include "process/zygote.h"
#include "base/sanitize.h"
#include "fiber/fiber.h"
#include "process/frame.h"
#include "process/helper.h"
#include "task/task.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 3, STACK_BYTES = 8 << 20 };

struct child {
    pid_t pid; /* 0: a free place */
    uint32_t id;
};

/* Of the zygote's process. */
static struct {
    const struct cgw_processes *options;
    pid_t parent, self;
    int signals; /* signalfd(2) */
    struct child children[ZYGOTE_MAX];
} zygote;

/* ---- what a new process is to be ---- */

/* Whoever ends the worker ends us, in its time: what is meant for it must not end work that it
   waits for. What write() says by an error is not said by a signal, as in the worker. All else is
   as if we had been executed. */
static void reset_signals(void)
{
    static const int ours[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                               SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ};
    sigset_t mask;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        signal(ours[i], SIG_IGN);
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* The parent may have gone before we asked to hear of it. */
static void end_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
}

/* The worker's sockets, its log, its database: none of them are ours. */
static void close_all_but(int fd)
{
    if (fd != CONTROL)
        dup3(fd, CONTROL, O_CLOEXEC);
    closefrom(CONTROL + 1);
}

/* exit() runs what the program has registered since it began, latest first: that is us. */
static void leave_at_once(int status, void *arg)
{
    (void)arg;
    fflush(stdout);
    _exit(status);
}

/* ---- helpers ---- */

static uint64_t mapped_bytes(void)
{
    char text[64];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The sanitizers map more than any limit. */
static void limit_memory(uint64_t bytes)
{
    uint64_t all = mapped_bytes() + bytes;
    struct rlimit limit = {all, all};
    if (bytes && SANITIZE_ADDRESS + SANITIZE_THREAD == 0)
        setrlimit(RLIMIT_AS, &limit);
}

static _Noreturn void become_helper(int fd)
{
    sigset_t none;
    end_with(zygote.self);
    close_all_but(fd);
    prctl(PR_SET_NAME, "cgw-helper");
    limit_memory(zygote.options->memory);
    if (zygote.options->nice > 0)
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + zygote.options->nice);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    helper_live(CONTROL);
}

static void tell(uint32_t id, int status, int error)
{
    struct frame_ended frame = {.id = id, .status = status, .error = error};
    while (send(CONTROL, &frame, sizeof(frame), MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

static struct child *find(pid_t pid)
{
    for (struct child *child = zygote.children; child < zygote.children + ZYGOTE_MAX; child++)
        if (child->pid == pid)
            return child;
    return NULL;
}

static void start_helper(uint32_t id, int fd)
{
    struct child *child = find(0);
    pid_t pid = child && fd >= 0 ? fork() : -1;
    if (pid == 0)
        become_helper(fd);
    int error = !child || fd < 0 ? EAGAIN : errno;
    if (fd >= 0)
        close(fd);
    if (pid < 0)
        tell(id, 0, error);
    else
        *child = (struct child){pid, id};
}

/* Not one that we have waited for: its number may be another's. */
static void kill_helper(uint32_t id)
{
    for (struct child *child = zygote.children; child < zygote.children + ZYGOTE_MAX; child++)
        if (child->pid && child->id == id)
            kill(child->pid, SIGKILL);
}

static void reap(void)
{
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct child *child = find(pid);
        if (!child)
            continue;
        tell(child->id, status, 0);
        child->pid = 0;
    }
}

/* ---- the loop ---- */

static _Noreturn void end_all(void)
{
    for (struct child *child = zygote.children; child < zygote.children + ZYGOTE_MAX; child++)
        if (child->pid)
            kill(child->pid, SIGKILL);
    while (wait(NULL) > 0 || errno == EINTR)
        ;
    _exit(0);
}

union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static int sent_with(struct msghdr *message)
{
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    int fd = -1;
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(head), sizeof(fd));
    return fd;
}

static void obey(void)
{
    struct frame_order order;
    union control control;
    struct iovec part = {&order, sizeof(order)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(CONTROL, &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR)
        return;
    if (n != (ssize_t)sizeof(order))
        end_all();
    if (order.kind == FRAME_START)
        start_helper(order.id, sent_with(&message));
    else
        kill_helper(order.id);
}

static void work(void *arg)
{
    struct pollfd fds[2] = {{.fd = CONTROL, .events = POLLIN},
                            {.fd = zygote.signals, .events = POLLIN}};
    struct signalfd_siginfo info;
    (void)arg;
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents && read(zygote.signals, &info, sizeof(info)) > 0)
            reap();
        if (fds[0].revents)
            obey();
    }
}

/* A fiber's stack is too small for what helpers run: they inherit this one. */
static _Noreturn void work_on_own_stack(struct fiber *self)
{
    size_t bytes = zygote.options->stack_size;
    struct fiber_pool *pool;
    struct fiber *fiber = NULL;
    void *head;
    if (fiber_pool_new(bytes ? bytes : STACK_BYTES, 0, &pool) == CGW_OK)
        fiber = fiber_new(pool, work, NULL, &head);
    if (fiber)
        fiber_switch(self, fiber);
    _exit(1);
}

static _Noreturn void become_zygote(struct fiber *self, int fd)
{
    sigset_t child;
    here = (struct here){NULL, NULL};
    zygote.self = getpid();
    reset_signals();
    end_with(zygote.parent);
    close_all_but(fd);
    prctl(PR_SET_NAME, "cgw-zygote");
    __fpurge(stdout); /* the worker will say that itself */
    on_exit(leave_at_once, NULL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    zygote.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (zygote.signals < 0)
        _exit(1);
    work_on_own_stack(self);
}

/* ---- in the worker ---- */

/* No handler of the worker's runs in the child. */
static pid_t fork_quietly(sigset_t *ret_mask)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, ret_mask);
    return fork();
}

int zygote_start(struct fiber *self, const struct cgw_processes *options, struct zygote *ret_zygote)
{
    int ends[2];
    sigset_t mask;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    zygote.options = options;
    zygote.parent = getpid();
    pid_t pid = fork_quietly(&mask);
    if (pid == 0)
        become_zygote(self, ends[1]);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -error;
    }
    *ret_zygote = (struct zygote){pid, ends[0]};
    return CGW_OK;
}
