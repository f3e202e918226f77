/*
 * Files that are watched one by one: what they were at the last report, and where an event about
 * them would come from. [supervisor]
 */
#ifndef PROC_DEV_WATCH_FILES_H
#define PROC_DEV_WATCH_FILES_H
#include "base/settings.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct watch_mark {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
};

struct watch_file {
    char *path;             /* as named */
    char *place;            /* where its folder is watched: path, or where a link leads to */
    const char *name;       /* the end of place */
    int wd;                 /* of the folder; -1: it is not there, or there are no watches */
    struct watch_mark mark; /* at the last report; zero: it was not there */
    bool is_module, is_touched, is_open;
};

struct watch_files {
    struct watch_file *items;
    size_t n;
};

/* false, and a zero mark: it is not there. *ret_changed: when it last changed in any way. */
bool watch_files_look_at(const char *path, struct watch_mark *ret_mark,
                         struct timespec *ret_changed);
/* Is it there, and not what it was at the last report? Then *ret_mark is what it is now. */
bool watch_files_has_changed(const struct watch_file *file, struct watch_mark *ret_mark);
/* Is it being written, as far as anybody can know? */
bool watch_files_is_half(const struct watch_file *file);

/* Add the file; a link twice, as what it leads to may be replaced where that lies. false: out of
   memory. */
bool watch_files_add(struct watch_files *files, const char *path);
/* The same of all modules of --wrap, which are modules. */
bool watch_files_add_wraps(struct watch_files *files, const struct settings_list *wraps);
/* Is this what a link led to, and it leads elsewhere now? Then place and name are changed, and
   its folder is to be watched. */
bool watch_files_follow(struct watch_file *file);
void watch_files_fini(struct watch_files *files);
#endif
