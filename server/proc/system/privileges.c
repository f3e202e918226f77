/* Giving up what a server needs to begin and its workers do not need to serve. */
#include "proc/system/privileges.h"
#include "base/mem.h"
#include "base/number.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRY_BYTES = 64 * 1024 }; /* of a user or group database: a group may have many members */

static int fail(int rc, char **ret_error, char *message)
{
    *ret_error = message;
    return rc;
}

/* An entry of the user database, by name or number. 0; -ENOENT; or what the database said. */
static int find_user(const char *name, char *room, struct passwd *ret_entry)
{
    uint64_t number;
    struct passwd *found = NULL;
    bool is_number = number_decimal(str_from(name), UINT32_MAX - 1, &number) == 0;
    int error = is_number ? getpwuid_r((uid_t)number, ret_entry, room, ENTRY_BYTES, &found)
                          : getpwnam_r(name, ret_entry, room, ENTRY_BYTES, &found);
    return found ? 0 : error && error != ENOENT && error != ESRCH ? -error : -ENOENT;
}

static int take_user(const char *name, struct privileges *ret, char **ret_error)
{
    struct passwd entry;
    uint64_t number;
    int n_groups = PRIVILEGES_GROUPS;
    char *room = mem_alloc(ENTRY_BYTES);
    int rc = room ? find_user(name, room, &entry) : -ENOMEM;
    if (rc == 0) {
        ret->uid = entry.pw_uid;
        ret->gid = entry.pw_gid;
        ret->has_group = true;
        if (getgrouplist(entry.pw_name, entry.pw_gid, ret->groups, &n_groups) < 0)
            rc = fail(-E2BIG, ret_error,
                      mem_printf("--user %s is in more than %d groups: say --group, too", name,
                                 PRIVILEGES_GROUPS));
        ret->n_groups = rc == 0 ? (size_t)n_groups : 0;
    } else if (rc == -ENOENT && number_decimal(str_from(name), UINT32_MAX - 1, &number) == 0) {
        ret->uid = (uid_t)number; /* the database need not know it */
        rc = 0;
    } else {
        fail(rc, ret_error,
             mem_printf("--user %s: %s", name, rc == -ENOENT ? "no such user" : strerror(-rc)));
    }
    mem_free(room);
    ret->has_user = true;
    return rc;
}

/* It is the only group then: --group stands for all. */
static int take_group(const char *name, struct privileges *ret, char **ret_error)
{
    struct group entry, *found = NULL;
    uint64_t number;
    if (number_decimal(str_from(name), UINT32_MAX - 1, &number) == 0) {
        ret->gid = (gid_t)number;
    } else {
        char *room = mem_alloc(ENTRY_BYTES);
        int error = room ? getgrnam_r(name, &entry, room, ENTRY_BYTES, &found) : ENOMEM;
        if (found)
            ret->gid = entry.gr_gid;
        mem_free(room);
        if (!found)
            return fail(error ? -error : -ENOENT, ret_error,
                        mem_printf("--group %s: %s", name,
                                   error && error != ENOENT && error != ESRCH ? strerror(error)
                                                                              : "no such group"));
    }
    ret->has_group = true;
    ret->groups[0] = ret->gid;
    ret->n_groups = 1;
    return 0;
}

/* May this process change its numbers? */
static bool has_right(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {{0}};
    const uint32_t wanted = 1u << CAP_SETUID | 1u << CAP_SETGID;
    return syscall(SYS_capget, &head, sets) == 0 && (sets[0].effective & wanted) == wanted;
}

static bool is_same(const struct privileges *privileges)
{
    return privileges->uid == getuid() && privileges->uid == geteuid() &&
           privileges->gid == getgid() && privileges->gid == getegid();
}

int privileges_find(const struct settings *settings, struct privileges *ret, char **ret_error)
{
    struct privileges found = {.uid = geteuid(), .gid = getegid()};
    const char *user = settings->user, *group = settings->group;
    int rc = 0;
    *ret_error = NULL;
    if (user)
        rc = take_user(user, &found, ret_error);
    if (group && (rc == 0 || rc == -E2BIG)) {
        mem_free(*ret_error);
        *ret_error = NULL;
        rc = take_group(group, &found, ret_error);
    }
    if (rc < 0)
        return rc;
    if (user && !found.has_group)
        return fail(-ENOENT, ret_error,
                    mem_printf("--user %s is not in the user database, so its group is not known: "
                               "say --group, too",
                               user));
    if ((user || group) && !is_same(&found) && !has_right())
        return fail(-EPERM, ret_error,
                    mem_printf("--%s %s: only root may become another: start the server as root, "
                               "or leave the option away",
                               user ? "user" : "group", user ? user : group));
    *ret = found;
    return 0;
}

/* Rights that outlive a change of user: none is needed to serve. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[2] = {{0}};
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

/* Groups first: afterwards the right is gone. */
static int become(const struct privileges *privileges)
{
    if (setgroups(privileges->n_groups, privileges->groups) < 0 ||
        setresgid(privileges->gid, privileges->gid, privileges->gid) < 0 ||
        setresuid(privileges->uid, privileges->uid, privileges->uid) < 0)
        return -errno;
    if (privileges->uid == 0)
        return 0;
    int rc = drop_capabilities();
    bool has_way_back = setuid(0) == 0 || (privileges->gid != 0 && setegid(0) == 0);
    return rc == 0 && has_way_back ? -EPERM : rc;
}

int privileges_drop(const struct privileges *privileges, char **ret_error)
{
    bool changes =
        (privileges->has_user || privileges->has_group) && (has_right() || !is_same(privileges));
    int rc = changes ? become(privileges) : 0;
    *ret_error = NULL;
    if (rc < 0)
        return fail(rc, ret_error,
                    mem_printf("cannot become user %u, group %u: %s", (unsigned)privileges->uid,
                               (unsigned)privileges->gid, strerror(-rc)));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return fail(-errno, ret_error,
                    mem_printf("cannot set \"no new privileges\": %s", strerror(errno)));
    if (changes)
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the change has taken it; there is no secret here */
    return 0;
}

/* What cannot be opened is told by who writes to it. */
static int give(const struct privileges *privileges, const char *path, char **ret_error)
{
    struct stat info;
    int rc = 0;
    int fd =
        path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640)
             : -1;
    if (fd < 0)
        return 0;
    /* a second name of it may be somebody's trap */
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 1 &&
        info.st_uid == geteuid() && fchown(fd, privileges->uid, privileges->gid) < 0)
        rc = fail(-errno, ret_error,
                  mem_printf("cannot give the log %s to user %u: %s", path,
                             (unsigned)privileges->uid, strerror(errno)));
    close(fd);
    return rc;
}

int privileges_give_logs(const struct privileges *privileges, const struct settings *settings,
                         char **ret_error)
{
    *ret_error = NULL;
    if (privileges->uid == geteuid())
        return 0;
    int rc = give(privileges, settings->error_log, ret_error);
    return rc < 0 ? rc : give(privileges, settings->access_log_file, ret_error);
}
