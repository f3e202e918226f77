/*
 * Events only say where to look: an exact file has changed when its mark is another than at the
 * last report, so what is opened and closed again, or written back as it was, does not count. A
 * burst is over when there was quiet, nothing is still being written, and a module is whole.
 */
#include "proc/dev/watch.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/dev/watch_files.h"
#include "proc/dev/watch_names.h"
#include "proc/dev/watch_tree.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 2.0 /* for a file to be whole */
#define LOOK_S     0.5
#define LEAST_S    0.001

struct watch {
    struct ev_loop *loop;
    const struct settings *settings;
    watch_changed_fn *changed;
    void *arg;
    struct watch_files files;
    struct watch_tree tree;
    ev_io events;            /* fd -1: no inotify */
    ev_timer quiet, look;    /* look: while something cannot be watched */
    char *first;             /* that counts, of the burst under way, in a tree */
    ev_tstamp began;         /* of the burst; 0: none is under way */
    struct timespec told_at; /* files that changed later were in no report */
    bool is_tree_stale, cannot_watch;
};

static const char *const here[] = {"."};

/* ---- a burst ---- */

static void note_burst(struct watch *watch)
{
    ev_now_update(watch->loop); /* the quiet begins now, however long the callback has taken */
    if (watch->began == 0)
        watch->began = ev_now(watch->loop);
    if (!ev_is_active(&watch->quiet) || ev_now(watch->loop) - watch->began < PATIENCE_S)
        ev_timer_again(watch->loop, &watch->quiet); /* but it does end, whatever goes on */
}

static void note_file(struct watch *watch, struct watch_file *file)
{
    file->is_touched = true;
    note_burst(watch);
}

/* path is taken over; without memory for it, its folder's name will do. */
static void note_tree(struct watch *watch, char *path)
{
    if (watch->first)
        mem_free(path);
    else
        watch->first = path ? path : mem_strdup(watch->tree.roots[0]);
    note_burst(watch);
}

static bool has_half(const struct watch *watch)
{
    struct watch_mark mark;
    for (size_t i = 0; i < watch->files.n; i++)
        if (watch->files.items[i].is_touched &&
            watch_files_has_changed(&watch->files.items[i], &mark) &&
            watch_files_is_half(&watch->files.items[i]))
            return true;
    return false;
}

/* The first exact file that did change; all marks are as of now. */
static const char *settle_files(struct watch *watch)
{
    const char *first = NULL;
    struct watch_mark mark;
    for (size_t i = 0; i < watch->files.n; i++) {
        struct watch_file *file = &watch->files.items[i];
        if (file->is_touched && watch_files_has_changed(file, &mark)) {
            file->mark = mark;
            first = first ? first : file->path;
        }
        file->is_touched = file->is_open = false;
    }
    return first;
}

static void walk_tree(struct watch *watch, bool is_first);

static void watch_folder(struct watch *watch, struct watch_file *file);

/* A link may lead elsewhere now. */
static void follow_links(struct watch *watch)
{
    for (size_t i = 0; i < watch->files.n; i++)
        if (watch_files_follow(&watch->files.items[i]))
            watch_folder(watch, &watch->files.items[i]);
}

static void report(struct watch *watch)
{
    char path[PATH_MAX] = "";
    const char *first = settle_files(watch);
    follow_links(watch);
    first = first ? first : watch->first;
    if (first)
        snprintf(path, sizeof path, "%s", first);
    bool is_real = first;
    mem_free(watch->first);
    watch->first = NULL;
    watch->began = 0;
    if (!is_real)
        return;
    clock_gettime(CLOCK_REALTIME, &watch->told_at);
    watch->changed(watch->arg, path);
}

static void on_quiet(struct ev_loop *loop, ev_timer *quiet, int events)
{
    struct watch *watch = quiet->data;
    (void)events;
    if (watch->is_tree_stale)
        walk_tree(watch, false);
    if (has_half(watch) && ev_now(loop) - watch->began < PATIENCE_S)
        return; /* the timer repeats */
    ev_timer_stop(loop, quiet);
    report(watch);
}

/* ---- events ---- */

/* A link is there at once; another new file is still to be written. */
static bool is_to_be_written(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

static void take_file_event(struct watch *watch, struct watch_file *file,
                            const struct inotify_event *event)
{
    if (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM))
        file->is_open = false;
    if (event->mask & IN_MODIFY || (event->mask & IN_CREATE && is_to_be_written(file->place)))
        file->is_open = true;
    note_file(watch, file);
}

/* Somewhere in a folder of a tree. A file that is only begun says more when it is closed. */
static void take_tree_event(struct watch *watch, const struct inotify_event *event)
{
    const struct watch_folder *folder = watch_tree_find(&watch->tree, event->wd);
    if (!folder)
        return;
    if (event->mask & (IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF)) {
        if (event->mask &
            (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)) {
            watch->is_tree_stale = true;
            note_burst(watch);
        }
        return;
    }
    if (event->len == 0 || !watch_names_counts(watch->settings, event->name))
        return;
    char *path = mem_printf("%s/%s", folder->path, event->name);
    bool is_begun =
        event->mask & IN_MODIFY || (event->mask & IN_CREATE && path && is_to_be_written(path));
    if (is_begun)
        mem_free(path);
    else
        note_tree(watch, path);
}

/* The folder itself is gone: look for it until it is back. */
static void lose_folder(struct watch *watch, int wd)
{
    bool is_lost = watch_tree_find(&watch->tree, wd);
    for (size_t i = 0; i < watch->files.n; i++)
        if (watch->files.items[i].wd == wd) {
            watch->files.items[i].wd = -1;
            is_lost = true;
        }
    if (is_lost)
        ev_timer_again(watch->loop, &watch->look);
}

/* Events were lost: whatever may have changed is looked at. */
static void take_overflow(struct watch *watch)
{
    for (size_t i = 0; i < watch->files.n; i++)
        note_file(watch, &watch->files.items[i]);
    if (watch->tree.n_roots) {
        watch->is_tree_stale = true;
        note_tree(watch, NULL);
    }
}

static void take_event(struct watch *watch, const struct inotify_event *event)
{
    bool is_exact = false;
    if (event->mask & IN_Q_OVERFLOW) {
        take_overflow(watch);
        return;
    }
    if (event->mask & (IN_IGNORED | IN_MOVE_SELF))
        lose_folder(watch, event->wd);
    for (size_t i = 0; i < watch->files.n; i++) {
        struct watch_file *file = &watch->files.items[i];
        if (event->len == 0 || file->wd != event->wd || strcmp(file->name, event->name) != 0)
            continue;
        take_file_event(watch, file, event);
        is_exact = true;
    }
    if (!is_exact)
        take_tree_event(watch, event);
}

static void on_events(struct ev_loop *loop, ev_io *events, int revents)
{
    struct watch *watch = events->data;
    char buffer[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;
    (void)loop, (void)revents;
    while ((n = read(events->fd, buffer, sizeof buffer)) > 0)
        for (const char *at = buffer; at < buffer + n;) {
            const struct inotify_event *event = (const void *)at;
            take_event(watch, event);
            at += sizeof *event + event->len;
        }
}

/* ---- without events ---- */

static void cannot_watch(struct watch *watch, int error)
{
    if (watch->cannot_watch)
        return;
    log_line(LOG_LEVEL_WARNING, 170,
             "the system has no watches left, so files are looked at twice a second: raise "
             "fs.inotify.max_user_watches and max_user_instances error=%s",
             strerror(error));
    watch->cannot_watch = true;
    if (watch->tree.n_roots)
        watch_tree_look(&watch->tree); /* what there is, to compare with */
    ev_timer_again(watch->loop, &watch->look);
}

static void walk_tree(struct watch *watch, bool is_first)
{
    char *file = NULL;
    watch->is_tree_stale = false;
    int status = watch_tree_walk(&watch->tree, watch->events.fd, &file);
    if (status == -ENOSPC)
        cannot_watch(watch, ENOSPC);
    if (file && !is_first)
        note_tree(watch, file);
    else
        mem_free(file);
    if (watch->cannot_watch && is_first)
        watch_tree_look(&watch->tree);
}

static void watch_folder(struct watch *watch, struct watch_file *file)
{
    char *folder = mem_strdup(file->place);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash)
        slash[slash == folder] = '\0';
    if (folder && watch->events.fd >= 0) {
        file->wd = inotify_add_watch(watch->events.fd, slash ? folder : ".", watch_tree_mask());
        if (file->wd < 0 && (errno == ENOSPC || errno == ENOMEM))
            cannot_watch(watch, errno);
    }
    if (file->wd < 0)
        ev_timer_again(watch->loop, &watch->look);
    mem_free(folder);
}

static bool are_roots_there(const struct watch_tree *tree)
{
    for (size_t i = 0; i < tree->n_roots; i++) {
        const struct watch_folder *folder = NULL;
        for (size_t j = 0; j < tree->n && !folder; j++)
            if (strcmp(tree->folders[j].path, tree->roots[i]) == 0)
                folder = &tree->folders[j];
        if (!folder || access(tree->roots[i], F_OK) < 0)
            return false;
    }
    return true;
}

/* Also after a folder was lost: it may be back, or another under its name. */
static void on_look(struct ev_loop *loop, ev_timer *look, int events)
{
    struct watch *watch = look->data;
    struct watch_mark mark;
    bool is_needed = watch->cannot_watch;
    (void)events;
    for (size_t i = 0; i < watch->files.n; i++) {
        struct watch_file *file = &watch->files.items[i];
        if (file->wd < 0)
            watch_folder(watch, file);
        is_needed |= file->wd < 0;
        if (!file->is_touched && watch_files_has_changed(file, &mark))
            note_file(watch, file);
    }
    if (watch->tree.n_roots && watch->cannot_watch && watch_tree_look(&watch->tree))
        note_tree(watch, NULL);
    if (watch->tree.n_roots && !watch->cannot_watch) {
        walk_tree(watch, false);
        is_needed |= !are_roots_there(&watch->tree);
    }
    if (!is_needed)
        ev_timer_stop(loop, look);
}

/* ---- exact files ---- */

static bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* What is known of the file from before; of a new one, whether it changed after the last report,
   while a build that read it was under way. */
static void begin_file(struct watch *watch, const struct watch_files *before,
                       struct watch_file *file)
{
    struct timespec changed;
    for (size_t i = 0; i < before->n; i++) {
        const struct watch_file *old = &before->items[i];
        if (strcmp(old->place, file->place) != 0)
            continue;
        file->mark = old->mark;
        file->is_touched = old->is_touched;
        file->is_open = old->is_open;
        return;
    }
    if (watch_files_look_at(file->path, &file->mark, &changed) &&
        is_later(&changed, &watch->told_at)) {
        file->mark = (struct watch_mark){0};
        note_file(watch, file);
    }
}

static bool is_used(const struct watch *watch, int wd)
{
    for (size_t i = 0; i < watch->files.n; i++)
        if (watch->files.items[i].wd == wd)
            return true;
    return watch_tree_find(&watch->tree, wd);
}

static void leave_folders(const struct watch *watch, const struct watch_files *before)
{
    for (size_t i = 0; i < before->n; i++)
        if (before->items[i].wd >= 0 && !is_used(watch, before->items[i].wd))
            inotify_rm_watch(watch->events.fd, before->items[i].wd);
}

int watch_inputs(struct watch *watch, const char *const *paths, size_t n)
{
    struct watch_files files = {NULL, 0}, before = watch->files;
    const struct settings *settings = watch->settings;
    bool is_fine = watch_files_add_wraps(&files, &settings->wraps);
    for (size_t i = 0; i < n && is_fine; i++)
        is_fine = watch_files_add(&files, paths[i]);
    if (!is_fine) {
        watch_files_fini(&files);
        return -ENOMEM;
    }
    watch->files = files;
    for (size_t i = 0; i < files.n; i++) {
        files.items[i].is_module |=
            settings->sources.n == 0 && strcmp(files.items[i].path, settings->module) == 0;
        watch_folder(watch, &files.items[i]); /* first, so that nothing comes between the two */
        begin_file(watch, &before, &files.items[i]);
    }
    leave_folders(watch, &before);
    watch_files_fini(&before);
    return 0;
}

/* ---- beginning and end ---- */

static int start_files(struct watch *watch)
{
    const struct settings *settings = watch->settings;
    if (settings->build)
        return watch_inputs(watch, NULL, 0);
    if (settings->sources.n)
        return watch_inputs(watch, settings->sources.items, settings->sources.n);
    return watch_inputs(watch, &settings->module, 1);
}

static int start_tree(struct watch *watch, char **ret_error)
{
    const struct settings_list *given = &watch->settings->reload_dirs;
    bool is_here = given->n == 0 && watch->settings->build;
    struct stat st;
    watch->tree = (struct watch_tree){.settings = watch->settings,
                                      .roots = is_here ? here : given->items,
                                      .n_roots = is_here ? 1 : given->n};
    for (size_t i = 0; i < given->n; i++)
        if (stat(given->items[i], &st) < 0 || !S_ISDIR(st.st_mode)) {
            *ret_error =
                mem_printf("--reload-dir %s: is no folder that can be watched", given->items[i]);
            return -ENOTDIR;
        }
    if (watch->tree.n_roots)
        walk_tree(watch, true);
    return 0;
}

static void start_events(struct watch *watch)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ev_io_init(&watch->events, on_events, fd, EV_READ);
    watch->events.data = watch;
    if (fd < 0)
        cannot_watch(watch, errno);
    else
        ev_io_start(watch->loop, &watch->events);
}

static void init_timers(struct watch *watch)
{
    ev_tstamp delay = watch->settings->reload_delay_ms / 1000.0;
    ev_timer_init(&watch->quiet, on_quiet, 0, delay < LEAST_S ? LEAST_S : delay);
    ev_timer_init(&watch->look, on_look, 0, LOOK_S);
    watch->quiet.data = watch->look.data = watch;
}

int watch_new(struct ev_loop *loop, const struct settings *settings, watch_changed_fn *changed,
              void *arg, struct watch **ret_watch, char **ret_error)
{
    struct watch *watch = mem_zalloc(sizeof *watch);
    *ret_error = NULL;
    if (!watch)
        return -ENOMEM;
    *watch = (struct watch){.loop = loop, .settings = settings, .changed = changed, .arg = arg};
    clock_gettime(CLOCK_REALTIME, &watch->told_at);
    init_timers(watch);
    start_events(watch);
    int status = start_tree(watch, ret_error);
    if (status == 0)
        status = start_files(watch);
    if (status < 0) {
        watch_free(watch);
        return status;
    }
    *ret_watch = watch;
    return 0;
}

void watch_forget(struct watch *watch)
{
    if (watch && watch->events.fd >= 0)
        close(watch->events.fd);
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    ev_timer_stop(watch->loop, &watch->quiet);
    ev_timer_stop(watch->loop, &watch->look);
    if (watch->events.fd >= 0) {
        ev_io_stop(watch->loop, &watch->events);
        close(watch->events.fd);
    }
    watch_files_fini(&watch->files);
    watch_tree_fini(&watch->tree);
    mem_free(watch->first);
    mem_free(watch);
}
