/*
 * Landlock: rules are made of open files and folders, so a path means what it leads to now, and a
 * folder everything below it. What a rule does not allow is refused with EACCES, or EXDEV for a
 * rename. Descriptors that are open already, the sockets and the logs, are not touched.
 */
#include "proc/system/sandbox.h"
#include "base/log.h"
#include "base/mem.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The system's header may be older than its kernel: the interface, by its own numbers. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, PATH_BENEATH = 1 };

struct ruleset {
    uint64_t files, network, scoped;
};
struct path_rule {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_SYM = 1 << 12,
    OF_FIRST = (1 << 13) - 1, /* all that the first version knows */
    REFER = 1 << 13,          /* from the second on: into another folder */
    TRUNCATE = 1 << 14,       /* third */
    IOCTL_DEV = 1 << 15,      /* fifth */
    SCOPE_SIGNAL = 1 << 1     /* sixth, in scoped */
};
enum {
    READ = READ_FILE | READ_DIR,
    RUN = READ | EXECUTE,
    LOG = WRITE_FILE | MAKE_REG, /* to open one anew where it was renamed */
    WRITE = READ | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG |
            MAKE_SOCK | MAKE_FIFO | MAKE_SYM | REFER,
    OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV /* the others: of folders */
};

enum { LONE_TRIES = 50, LONE_WAIT_US = 10000 };

/* What C programs take for granted. Missing ones are none of ours. */
static const struct {
    const char *path;
    int rights;
} always[] = {
    {"/usr", RUN},
    {"/lib", RUN},
    {"/lib64", RUN},
    {"/etc", READ},
    {"/run/systemd/resolve", READ}, /* where resolv.conf often is, in truth */
    {"/proc/self", READ},
    {"/sys/devices/system/cpu", READ},
    {"/dev/null", READ_FILE | WRITE_FILE},
    {"/dev/urandom", READ_FILE},
};

struct sandbox {
    int fd;
    uint64_t handled;
    char *read, *write; /* for the log: with commas between */
};

static int fail(int rc, char **ret_error, char *message)
{
    *ret_error = message;
    return rc;
}

static long version(void)
{
    return syscall(CREATE_RULESET, NULL, 0, 1);
}

static uint64_t handled_by(long abi)
{
    uint64_t handled = OF_FIRST;
    handled |= abi >= 2 ? REFER : 0;
    handled |= abi >= 3 ? TRUNCATE : 0;
    return handled | (abi >= 5 ? IOCTL_DEV : 0);
}

static int add_rule(const struct sandbox *sandbox, const char *path, int rights)
{
    struct stat info;
    struct path_rule rule = {.allowed = (uint64_t)rights & sandbox->handled};
    rule.fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.fd < 0)
        return -errno;
    if (fstat(rule.fd, &info) == 0 && !S_ISDIR(info.st_mode))
        rule.allowed &= OF_FILES;
    int rc = syscall(ADD_RULE, sandbox->fd, PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
    close(rule.fd);
    return rc;
}

/* For the line of the log; without memory it is shorter. */
static void note(char **list, const char *path)
{
    char *longer = mem_printf("%s%s%s", *list ? *list : "", *list ? "," : "", path);
    if (!longer)
        return;
    mem_free(*list);
    *list = longer;
}

static int allow(struct sandbox *sandbox, const char *path, int rights, char **ret_error)
{
    int rc = add_rule(sandbox, path, rights);
    if (rc == -ENOENT)
        return fail(rc, ret_error,
                    mem_printf("--sandbox: %s is not there: make it before the server starts, or "
                               "take it out of the list",
                               path));
    if (rc < 0)
        return fail(rc, ret_error, mem_printf("--sandbox: %s: %s", path, strerror(-rc)));
    note(rights & (WRITE_FILE | MAKE_REG) ? &sandbox->write : &sandbox->read, path);
    return 0;
}

static void allow_always(struct sandbox *sandbox)
{
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (add_rule(sandbox, always[i].path, always[i].rights) == 0)
            note(always[i].rights & WRITE_FILE ? &sandbox->write : &sandbox->read, always[i].path);
}

static int allow_named(struct sandbox *sandbox, const struct settings *settings, char **ret_error)
{
    int rc = 0;
    for (size_t i = 0; i < settings->sandbox.n && rc == 0; i++) {
        const char *path = settings->sandbox.items[i];
        bool writes = strncmp(path, "rw:", 3) == 0;
        rc = allow(sandbox, writes ? path + 3 : path, writes ? WRITE : READ, ret_error);
    }
    return rc;
}

/* A log is made anew after a rotation: that takes its folder. */
static int allow_log(struct sandbox *sandbox, const char *path, char **ret_error)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (!path)
        return 0;
    char *folder = !slash          ? mem_strdup(".")
                   : slash == path ? mem_strdup("/")
                                   : mem_printf("%.*s", (int)(slash - path), path);
    int rc = folder ? allow(sandbox, folder, LOG, ret_error) : -ENOMEM;
    mem_free(folder);
    return rc;
}

static int fill(struct sandbox *sandbox, const struct settings *settings,
                const char *const *also_readable, size_t n, char **ret_error)
{
    allow_always(sandbox);
    int rc = allow_named(sandbox, settings, ret_error);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = allow(sandbox, also_readable[i], READ, ret_error);
    if (rc == 0)
        rc = allow_log(sandbox, settings->error_log, ret_error);
    return rc == 0 && settings->access_log
               ? allow_log(sandbox, settings->access_log_file, ret_error)
               : rc;
}

static unsigned count_threads(void)
{
    unsigned n = 0;
    DIR *threads = opendir("/proc/self/task");
    if (!threads)
        return 1;
    for (struct dirent *entry = readdir(threads); entry; entry = readdir(threads))
        n += entry->d_name[0] != '.';
    closedir(threads);
    return n;
}

/* Only the calling thread is restricted: let the log's writer leave, which it does when idle. How
   many others there still are. */
static unsigned wait_for_others(void)
{
    unsigned n = count_threads();
    for (int i = 0; i < LONE_TRIES && n > 1; i++) {
        usleep(LONE_WAIT_US);
        n = count_threads();
    }
    return n ? n - 1 : 0;
}

static int restrict_self(const struct sandbox *sandbox, char **ret_error)
{
    unsigned others = wait_for_others();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(RESTRICT_SELF, sandbox->fd, 0) < 0)
        return fail(-errno, ret_error,
                    mem_printf("cannot enter the --sandbox: %s", strerror(errno)));
    if (others)
        log_line(LOG_LEVEL_WARNING, 152,
                 "--sandbox does not hold for threads that the module has started while it was "
                 "loaded: start them in its startup threads=%u",
                 others);
    return 0;
}

static int enter(struct sandbox *sandbox, const struct settings *settings,
                 const char *const *also_readable, size_t n, long abi, char **ret_error)
{
    struct ruleset ruleset = {.files = sandbox->handled, .scoped = abi >= 6 ? SCOPE_SIGNAL : 0};
    sandbox->fd = (int)syscall(CREATE_RULESET, &ruleset, sizeof ruleset, 0);
    if (sandbox->fd < 0)
        return fail(-errno, ret_error,
                    mem_printf("cannot make the --sandbox: %s", strerror(errno)));
    int rc = fill(sandbox, settings, also_readable, n, ret_error);
    if (rc == 0)
        rc = restrict_self(sandbox, ret_error);
    close(sandbox->fd);
    if (rc == 0)
        log_line(LOG_LEVEL_INFO, 150,
                 "sandboxed: any file but these is forbidden%s, the network is not read=%s "
                 "write=%s",
                 ruleset.scoped ? ", so are signals to other processes" : "",
                 sandbox->read ? sandbox->read : "", sandbox->write ? sandbox->write : "");
    return rc;
}

int sandbox_enter(const struct settings *settings, const char *const *also_readable, size_t n,
                  char **ret_error)
{
    struct sandbox sandbox = {.fd = -1};
    *ret_error = NULL;
    if (settings->sandbox.n == 0)
        return 0;
    long abi = version();
    if (abi < 1) {
        log_line(LOG_LEVEL_WARNING, 151,
                 "--sandbox has no effect, all files can be reached: this kernel has no Landlock, "
                 "or has it switched off: %s",
                 strerror(errno));
        return 0;
    }
    sandbox.handled = handled_by(abi);
    int rc = enter(&sandbox, settings, also_readable, n, abi, ret_error);
    mem_free(sandbox.read);
    mem_free(sandbox.write);
    return rc;
}
