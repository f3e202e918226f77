/*
 * The folders of --reload-dir with all below them: each has a watch of inotify(7). [supervisor]
 */
#ifndef PROC_DEV_WATCH_TREE_H
#define PROC_DEV_WATCH_TREE_H
#include "base/settings.h"
#include <stdbool.h>
#include <stdint.h>

struct watch_folder {
    int wd; /* -1: none was to be had */
    char *path;
    bool is_seen;
};

struct watch_tree {
    const struct settings *settings;
    const char *const *roots; /* of the owner's */
    size_t n_roots;
    struct watch_folder *folders;
    size_t n;
    uint64_t mark; /* of all files that count, at the last watch_tree_look() */
};

/* What a folder is watched for. */
uint32_t watch_tree_mask(void);

/*
 * Walk through all again: watch what is new by the inotify descriptor fd (-1: do not), forget what
 * is gone. *ret_file: a file that counts, in a folder that was not known before, or NULL;
 * mem_free() it. 0; -ENOSPC no watch was to be had for some, they are known all the same; -ENOMEM.
 */
int watch_tree_walk(struct watch_tree *tree, int fd, char **ret_file);
/* The folder of a watch, or NULL. Until the next walk. */
const struct watch_folder *watch_tree_find(const struct watch_tree *tree, int wd);
/* Without watches: has anything changed since the last time that this was asked? */
bool watch_tree_look(struct watch_tree *tree);
void watch_tree_fini(struct watch_tree *tree);
#endif
