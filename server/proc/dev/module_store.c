/*
 * The folder, its candidates and its leftovers; the copies in it. A folder is held by a lock on
 * itself, which also the workers keep that were forked since: as long as one of them lives, what
 * they have loaded stays where a debugger finds it.
 */
#include "proc/dev/module_store.h"
#include "app/module.h"
#include "base/mem.h"
#include "proc/system/privileges.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FOLDER "cgw-serve."
enum { COPY_BYTES = 128 * 1024, COPY_TRIES = 3, NAMES = 1000 };

struct module_store {
    char *module; /* as the settings name it */
    char *folder;
    int fd;      /* of the folder, locked */
    pid_t owner; /* a child of ours removes nothing */
};

static int fail(int status, char *error, char **ret_error)
{
    *ret_error = error;
    return status;
}

/* ---- folders that nobody needs any more ---- */

static void remove_entries(int fd)
{
    DIR *dir = fdopendir(dup(fd));
    if (!dir)
        return;
    rewinddir(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(fd, entry->d_name, 0);
    closedir(dir);
}

/* Ours by name and owner, of a supervisor that is dead, and without a worker that goes on? */
static bool is_left_behind(int base, const char *name, int *ret_fd)
{
    struct stat st;
    char *end;
    size_t n = strlen(FOLDER);
    if (strncmp(name, FOLDER, n) != 0)
        return false;
    long pid = strtol(name + n, &end, 10);
    if (pid <= 0 || pid > INT_MAX || *end != '.' || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
        return false;
    int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *ret_fd = fd;
        return true;
    }
    close(fd);
    return false;
}

static void remove_left_behind(const char *base)
{
    DIR *dir = opendir(base);
    int fd;
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!is_left_behind(dirfd(dir), entry->d_name, &fd))
            continue;
        remove_entries(fd);
        unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
        close(fd);
    }
    closedir(dir);
}

/* ---- a folder that will do ---- */

static bool is_member(const struct privileges *privileges, gid_t gid)
{
    for (size_t i = 0; i < privileges->n_groups; i++)
        if (privileges->groups[i] == gid)
            return true;
    return gid == privileges->gid;
}

/* May the workers' user pass through this folder? */
static bool may_pass(const struct privileges *privileges, const char *folder)
{
    struct stat st;
    if (stat(folder, &st) < 0)
        return false;
    if (privileges->uid == 0)
        return true;
    if (st.st_uid == privileges->uid)
        return st.st_mode & S_IXUSR;
    return st.st_mode & (is_member(privileges, st.st_gid) ? S_IXGRP : S_IXOTH);
}

/* path is absolute and without links; it is as before when this returns. */
static bool may_reach(const struct privileges *privileges, char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool may = may_pass(privileges, path);
        *slash = '/';
        if (!may)
            return false;
    }
    return may_pass(privileges, path);
}

static bool changes_user(const struct privileges *privileges)
{
    return privileges && (privileges->has_user || privileges->has_group);
}

/* NULL, or why nothing can be loaded from the folder. */
static const char *fault_of(char *base, const struct privileges *privileges)
{
    struct statvfs system;
    if (statvfs(base, &system) < 0)
        return strerror(errno);
    if (system.f_flag & ST_NOEXEC)
        return "mounted noexec";
    if (strchr(base, '$'))
        return "has a $ in its path, which the loader may replace";
    if (faccessat(AT_FDCWD, base, W_OK | X_OK, AT_EACCESS) < 0)
        return strerror(errno);
    if (changes_user(privileges) && !may_reach(privileges, base))
        return "the workers' user cannot get there";
    return NULL;
}

/* The folder is root's, and its modules are for the workers' group to load, not to change. */
static int make_folder(struct module_store *store, const char *base,
                       const struct privileges *privileges)
{
    char *folder = mem_printf("%s/" FOLDER "%d.XXXXXX", base, (int)getpid());
    if (!folder)
        return -ENOMEM;
    if (!mkdtemp(folder)) {
        int error = errno;
        mem_free(folder);
        return -error;
    }
    store->folder = folder;
    store->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->fd < 0 || flock(store->fd, LOCK_EX | LOCK_NB) < 0)
        return -errno;
    if (changes_user(privileges) &&
        (fchown(store->fd, (uid_t)-1, privileges->gid) < 0 || fchmod(store->fd, 0750) < 0))
        return -errno;
    return 0;
}

static void remove_folder(struct module_store *store)
{
    if (store->fd >= 0) {
        remove_entries(store->fd);
        close(store->fd);
    }
    if (store->folder)
        rmdir(store->folder);
    mem_free(store->folder);
    store->folder = NULL;
    store->fd = -1;
}

/* Append what is wrong with a candidate; false: out of memory. */
static bool complain(char **complaints, const char *name, const char *base, const char *fault)
{
    char *all = mem_printf("%s%s%s%s%s: %s", *complaints ? *complaints : "",
                           *complaints ? "; " : "", name, *name ? " " : "", base, fault);
    mem_free(*complaints);
    *complaints = all;
    return all;
}

/* 1: this will do; 0: it will not, and complaints say why. */
static int try_folder(struct module_store *store, const struct privileges *privileges,
                      const char *name, const char *given, char **complaints)
{
    char base[PATH_MAX];
    if (!given || given[0] != '/') /* relative ones are nobody's intention */
        return 0;
    const char *fault = realpath(given, base) ? fault_of(base, privileges) : strerror(errno);
    if (!fault) {
        remove_left_behind(base);
        int status = make_folder(store, base, privileges);
        if (status == 0)
            return 1;
        remove_folder(store);
        fault = strerror(-status);
    }
    return complain(complaints, name, given, fault) ? 0 : -ENOMEM;
}

static int find_folder(struct module_store *store, const struct privileges *privileges,
                       char **ret_error)
{
    const struct {
        const char *name, *given;
    } candidates[] = {{"$XDG_RUNTIME_DIR", getenv("XDG_RUNTIME_DIR")},
                      {"$TMPDIR", getenv("TMPDIR")},
                      {"", "/tmp"}};
    char *complaints = NULL;
    int status = 0;
    for (size_t i = 0; status == 0 && i < sizeof candidates / sizeof *candidates; i++)
        status =
            try_folder(store, privileges, candidates[i].name, candidates[i].given, &complaints);
    if (status == 0)
        status = fail(-EACCES,
                      mem_printf("no folder to load modules from: %s: set TMPDIR to a folder that "
                                 "can be written to, is not mounted noexec, and that the workers' "
                                 "user can pass through",
                                 complaints),
                      ret_error);
    mem_free(complaints);
    return status < 0 ? status : 0;
}

int module_store_open(const struct settings *settings, const struct privileges *privileges,
                      struct module_store **ret_store, char **ret_error)
{
    struct module_store *store = mem_zalloc(sizeof *store);
    *ret_error = NULL;
    if (!store)
        return -ENOMEM;
    *store =
        (struct module_store){.module = mem_strdup(settings->module), .fd = -1, .owner = getpid()};
    int status = store->module ? find_folder(store, privileges, ret_error) : -ENOMEM;
    if (status < 0) {
        mem_free(store->module);
        mem_free(store);
        return status;
    }
    *ret_store = store;
    return 0;
}

void module_store_close(struct module_store *store)
{
    if (!store)
        return;
    if (store->owner == getpid()) {
        remove_folder(store);
    } else {
        close(store->fd);
        mem_free(store->folder);
    }
    mem_free(store->module);
    mem_free(store);
}

const char *module_store_folder(const struct module_store *store)
{
    return store->folder;
}

/* ---- names ---- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* app.so and app.c become app; also where a $ is, which the loader would replace. */
static struct str stem_of(const char *path)
{
    const char *base = base_of(path), *dot = strrchr(base, '.');
    struct str stem = {base, dot && dot != base ? (size_t)(dot - base) : strlen(base)};
    if (stem.len > 100)
        stem.len = 100;
    return memchr(stem.ptr, '$', stem.len) || stem.len == 0 ? STR("module") : stem;
}

/* The same generation may come again: after a build that failed, or a trial that did. */
static char *fresh_name(const struct module_store *store, const char *path, uint32_t generation)
{
    struct str stem = stem_of(path);
    for (int i = 1; i <= NAMES; i++) {
        char again[16] = "";
        if (i > 1)
            snprintf(again, sizeof again, ".%d", i);
        char *name = mem_printf("%s/%.*s.g%u%s.so", store->folder, (int)stem.len, stem.ptr,
                                (unsigned)generation, again);
        if (!name || faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
            return name;
        mem_free(name);
    }
    return NULL;
}

char *module_store_name(struct module_store *store, uint32_t generation)
{
    return fresh_name(store, store->module, generation);
}

void module_store_drop(struct module_store *store, const char *copy)
{
    size_t n = strlen(store->folder);
    if (copy && strncmp(copy, store->folder, n) == 0 && copy[n] == '/' &&
        !strchr(copy + n + 1, '/'))
        unlink(copy);
}

/* ---- copies ---- */

static int fail_copy(const struct module_store *store, const char *path, int number,
                     char **ret_error)
{
    if (number == ENOSPC || number == EDQUOT)
        return fail(-ENOSPC,
                    mem_printf("%s: cannot be copied to %s, where the disk is full: make room "
                               "there, or set TMPDIR to another folder and start again",
                               path, store->folder),
                    ret_error);
    if (number == ENOENT)
        return fail(-number, mem_printf("%s: cannot be found: %s", path, strerror(number)),
                    ret_error);
    return fail(-number,
                mem_printf("%s: cannot be copied to %s: %s", path, store->folder, strerror(number)),
                ret_error);
}

static int write_all(int to, const char *src, size_t n)
{
    while (n > 0) {
        ssize_t done = write(to, src, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        src += done;
        n -= (size_t)done;
    }
    return 0;
}

static int copy_by_hand(int from, int to)
{
    char *buffer = mem_alloc(COPY_BYTES);
    int status = buffer ? 0 : -ENOMEM;
    while (status == 0) {
        ssize_t n = read(from, buffer, COPY_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            status = n < 0 ? -errno : 0;
            break;
        }
        status = write_all(to, buffer, (size_t)n);
    }
    mem_free(buffer);
    return status;
}

/* The kernel copies, or shares the blocks; where it cannot, between file systems for one, we do. */
static int copy_content(int from, int to)
{
    ssize_t n;
    bool is_begun = false;
    do {
        n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
        is_begun |= n > 0;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
        return -errno;
    return n == 0 && is_begun ? 0 : copy_by_hand(from, to);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* -EBUSY: it was written to meanwhile, so the copy may be half old and half new. */
static int copy_once(int from, const char *copy)
{
    struct stat before = {0}, after = {0};
    int to = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    if (to < 0)
        return -errno;
    int status = fstat(from, &before) < 0 || lseek(from, 0, SEEK_SET) < 0 ? -errno : 0;
    if (status == 0)
        status = copy_content(from, to);
    if (status == 0 && (fchmod(to, 0755) < 0 || fstat(from, &after) < 0)) /* the folder protects */
        status = -errno;
    if (close(to) < 0 && status == 0)
        status = -errno;
    if (status == 0 && !is_same(&before, &after))
        status = -EBUSY;
    if (status < 0)
        unlink(copy);
    return status;
}

static int copy_file(const char *path, const char *copy)
{
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (from < 0)
        return -errno;
    int status = -EBUSY;
    for (int i = 0; status == -EBUSY && i < COPY_TRIES; i++)
        status = copy_once(from, copy);
    close(from);
    return status;
}

/* What is wrong with the copy is said of the original, which the operator knows. */
static int check_copy(const char *path, const char *copy, char **ret_error)
{
    char *error = NULL;
    int status = module_check_file(copy, &error);
    if (status < 0) {
        size_t n = strlen(copy);
        bool is_named = error && strncmp(error, copy, n) == 0;
        fail(status, error ? mem_printf("%s%s", path, is_named ? error + n : error) : NULL,
             ret_error);
        unlink(copy);
    }
    mem_free(error);
    return status;
}

int module_store_copy(struct module_store *store, const char *path, uint32_t generation,
                      char **ret_copy, char **ret_error)
{
    struct stat st;
    *ret_error = NULL;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) /* nothing to copy: say what it is */
        return module_check_file(path, ret_error);
    char *copy = fresh_name(store, path, generation);
    if (!copy)
        return -ENOMEM;
    int status = copy_file(path, copy);
    if (status == -EBUSY)
        fail(status, mem_printf("%s: is still being written: build it again", path), ret_error);
    else if (status < 0)
        status = fail_copy(store, path, -status, ret_error);
    else
        status = check_copy(path, copy, ret_error);
    if (status < 0)
        mem_free(copy);
    else
        *ret_copy = copy;
    return status;
}
