/*
 * The child between fork and exec is a copy of a process with threads: everything that needs memory
 * is made before. Whether exec worked is read from a pipe that closes with it.
 */
#include "proc/system/upgrade.h"
#include "base/mem.h"
#include "base/number.h"
#include "net/inherited.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBER_BYTES = 32, PASSED_MAX = LISTENER_SET_MAX + 2 };

static const char ready[] = "ready";

/* ---- the old server's side ---- */

struct launch {
    char *program;
    char **argv, **envp; /* envp: the array is ours, most of its strings are the environment's */
    char *count, *names, *upgrade;
    char pid[NUMBER_BYTES + 16], watchdog_pid[NUMBER_BYTES + 16]; /* filled in by the child */
    int fds[PASSED_MAX];                                          /* the sockets, then the pipe */
    size_t n;
};

static int fail(int rc, char **ret_error, const char *what)
{
    *ret_error = mem_printf("cannot upgrade the server: %s: %s", what, strerror(-rc));
    return rc;
}

/* As a shell finds it. */
static char *search_path(const char *name)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t len = strcspn(path, ":");
        char *full = mem_printf("%.*s/%s", (int)len, path, name);
        if (full && access(full, X_OK) == 0)
            return full;
        mem_free(full);
        path += len + (path[len] == ':');
    }
    return NULL;
}

/* The binary that this process runs, or whatever is in its place by now. */
static char *own_binary(void)
{
    static const char gone[] = " (deleted)";
    char path[PATH_MAX + sizeof gone];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0)
        return NULL;
    size_t len = (size_t)n, tail = sizeof gone - 1;
    if (len > tail && memcmp(path + len - tail, gone, tail) == 0)
        len -= tail;
    return mem_printf("%.*s", (int)len, path);
}

/* The name that the operator used comes first: it may be a link that leads elsewhere now. */
static char *find_program(const char *name)
{
    char *found = NULL;
    if (name && strchr(name, '/') && access(name, X_OK) == 0)
        found = mem_strdup(name);
    else if (name && *name && !strchr(name, '/'))
        found = search_path(name);
    return found ? found : own_binary();
}

/* "cgw-upgrade:cgw-upgrade+file:metrics" */
static char *join_names(const struct listener_set *set, const struct listener *metrics)
{
    char *names = mem_strdup("");
    for (size_t i = 0; i < set->n + (metrics != NULL) && names; i++) {
        bool is_metrics = i == set->n;
        bool has_file = is_metrics ? metrics->made_file : set->items[i]->made_file;
        char *longer = mem_printf("%s%s%s%s", names, i ? ":" : "",
                                  is_metrics ? INHERITED_METRICS : INHERITED_UPGRADE,
                                  has_file ? INHERITED_FILE : "");
        mem_free(names);
        names = longer;
    }
    return names;
}

static bool is_replaced(const char *entry)
{
    static const char *const names[] = {"LISTEN_PID=",     "LISTEN_FDS=",     "LISTEN_FDNAMES=",
                                        "LISTEN_PIDFDID=", "CGW_UPGRADE_FD=", "WATCHDOG_PID="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static int make_environment(struct launch *launch)
{
    size_t n = 0, at = 0;
    while (environ[n])
        n++;
    launch->envp = mem_zalloc((n + 6) * sizeof *launch->envp);
    if (!launch->envp)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (!is_replaced(environ[i]))
            launch->envp[at++] = environ[i];
    launch->envp[at++] = launch->pid;
    launch->envp[at++] = launch->count;
    launch->envp[at++] = launch->names;
    launch->envp[at++] = launch->upgrade;
    if (getenv("WATCHDOG_PID"))
        launch->envp[at++] = launch->watchdog_pid;
    return 0;
}

static int prepare(struct launch *launch, const struct listener_set *set,
                   const struct listener *metrics, int pipe_end)
{
    for (size_t i = 0; i < set->n; i++)
        launch->fds[launch->n++] = set->items[i]->fd;
    if (metrics)
        launch->fds[launch->n++] = metrics->fd;
    char *names = join_names(set, metrics);
    launch->count = mem_printf("LISTEN_FDS=%zu", launch->n);
    launch->names = names ? mem_printf("LISTEN_FDNAMES=%s", names) : NULL;
    launch->upgrade = mem_printf("CGW_UPGRADE_FD=%zu", INHERITED_FIRST + launch->n);
    launch->fds[launch->n++] = pipe_end;
    mem_free(names);
    if (!launch->program || !launch->count || !launch->names || !launch->upgrade)
        return -ENOMEM;
    return make_environment(launch);
}

static void forget(struct launch *launch)
{
    mem_free(launch->program);
    mem_free(launch->envp);
    mem_free(launch->count);
    mem_free(launch->names);
    mem_free(launch->upgrade);
}

/* [child] Numbers as the new server expects them; first all out of the way of each other. */
static int place_descriptors(struct launch *launch)
{
    int above = INHERITED_FIRST + (int)launch->n;
    for (size_t i = 0; i < launch->n; i++) {
        launch->fds[i] = fcntl(launch->fds[i], F_DUPFD_CLOEXEC, above);
        if (launch->fds[i] < 0)
            return -errno;
    }
    for (size_t i = 0; i < launch->n; i++)
        if (dup2(launch->fds[i], INHERITED_FIRST + (int)i) < 0)
            return -errno;
    return 0;
}

/* [child] A handler of the old server's must not run here; what was ignored stays so, but what the
   old server ignores itself. */
static void reset_signals(void)
{
    struct sigaction action;
    sigset_t none;
    for (int signal = 1; signal < NSIG; signal++)
        if (sigaction(signal, NULL, &action) == 0 &&
            (signal == SIGPIPE || signal == SIGXFSZ || action.sa_handler != SIG_IGN)) {
            action = (struct sigaction){.sa_handler = SIG_DFL};
            sigaction(signal, &action, NULL);
        }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void print_variable(char *dst, const char *name, uint64_t number)
{
    size_t len = strlen(name);
    memcpy(dst, name, len);
    dst[len + number_print(dst + len, number)] = '\0';
}

static _Noreturn void run(struct launch *launch, int report)
{
    /* the report must not lie where descriptors are going to be placed */
    int far = fcntl(report, F_DUPFD_CLOEXEC, INHERITED_FIRST + 2 * PASSED_MAX);
    int rc = far < 0 ? -errno : place_descriptors(launch);
    print_variable(launch->pid, "LISTEN_PID=", (uint64_t)getpid());
    print_variable(launch->watchdog_pid, "WATCHDOG_PID=", (uint64_t)getpid());
    if (rc == 0) {
        reset_signals();
        execve(launch->program, launch->argv, launch->envp);
        rc = -errno;
    }
    ssize_t written = write(far < 0 ? report : far, &rc, sizeof rc);
    (void)written; /* the parent reads the end of file else, and our exit status */
    _exit(127);
}

/* 0 once the child runs the new program; why it does not, otherwise. */
static int await_exec(pid_t pid, int report)
{
    int rc = 0;
    ssize_t n;
    do
        n = read(report, &rc, sizeof rc);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return 0;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return rc;
}

/* fork with all signals held back, so that none is handled twice. */
static pid_t start(struct launch *launch, const int report[2])
{
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    pid_t pid = fork();
    if (pid == 0)
        run(launch, report[1]);
    int rc = -errno;
    sigprocmask(SIG_SETMASK, &old, NULL);
    return pid < 0 ? rc : pid;
}

static pid_t start_and_see(struct launch *launch, char **ret_error)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return fail(-errno, ret_error, "pipe");
    pid_t pid = start(launch, report);
    close(report[1]);
    int rc = pid < 0 ? pid : await_exec(pid, report[0]);
    close(report[0]);
    return rc == 0 ? pid : fail(rc, ret_error, pid < 0 ? "fork" : launch->program);
}

pid_t upgrade_start(const struct listener_set *set, const struct listener *metrics, char **argv,
                    int *ret_ready_fd, char **ret_error)
{
    struct launch launch = {.argv = argv, .program = find_program(argv[0])};
    int ends[2];
    *ret_error = NULL;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        mem_free(launch.program);
        return fail(-errno, ret_error, "pipe");
    }
    int rc = prepare(&launch, set, metrics, ends[1]);
    pid_t pid = rc < 0 ? rc : start_and_see(&launch, ret_error);
    forget(&launch);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return pid;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *ret_ready_fd = ends[0];
    return pid;
}

/* ---- the new server's side ---- */

static struct {
    bool is_asked, is_one;
    int fd; /* to tell on; -1: told */
} self = {.fd = -1};

/* Only a pipe, and only where the sockets are for this very process. */
static int take_pipe(void)
{
    const char *text = getenv("CGW_UPGRADE_FD"), *pid = getenv("LISTEN_PID");
    uint64_t fd, number;
    struct stat info;
    if (!text || !pid || number_decimal(str_from(text), INT_MAX, &fd) < 0 ||
        number_decimal(str_from(pid), INT_MAX, &number) < 0 || number != (uint64_t)getpid())
        return -1;
    if (fstat((int)fd, &info) < 0 || !S_ISFIFO(info.st_mode) ||
        fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return (int)fd;
}

bool upgrade_is_one(void)
{
    if (!self.is_asked) {
        self.is_asked = true;
        self.fd = take_pipe();
        self.is_one = self.fd >= 0;
        unsetenv("CGW_UPGRADE_FD");
    }
    return self.is_one;
}

void upgrade_tell_ready(void)
{
    if (self.fd < 0)
        return;
    ssize_t written = write(self.fd, ready, sizeof ready - 1);
    (void)written; /* an old server that is gone needs no telling */
    upgrade_forget();
}

void upgrade_forget(void)
{
    if (self.fd >= 0)
        close(self.fd);
    self.fd = -1;
}
