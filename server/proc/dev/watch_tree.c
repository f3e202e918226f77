/*
 * A walk marks what it comes across, so that what it did not find is known to be gone. Links to
 * folders are not followed: they may lead in a circle.
 */
#include "proc/dev/watch_tree.h"
#include "base/mem.h"
#include "proc/dev/watch_names.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 64 };

struct walk {
    struct watch_tree *tree;
    int fd, status;
    char *file;
    uint64_t mark; /* of looks */
    bool is_look;
};

uint32_t watch_tree_mask(void)
{
    return IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
           IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
}

/* ---- folders ---- */

static struct watch_folder *find_path(const struct watch_tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->n; i++)
        if (strcmp(tree->folders[i].path, path) == 0)
            return &tree->folders[i];
    return NULL;
}

const struct watch_folder *watch_tree_find(const struct watch_tree *tree, int wd)
{
    for (size_t i = 0; i < tree->n; i++)
        if (tree->folders[i].wd == wd)
            return &tree->folders[i];
    return NULL;
}

static struct watch_folder *add_folder(struct watch_tree *tree, const char *path)
{
    struct watch_folder *folders =
        mem_realloc(tree->folders, (tree->n + 1) * sizeof *tree->folders);
    char *copy = folders ? mem_strdup(path) : NULL;
    if (folders)
        tree->folders = folders;
    if (!copy)
        return NULL;
    tree->folders[tree->n] = (struct watch_folder){.wd = -1, .path = copy};
    return &tree->folders[tree->n++];
}

/* Know the folder, and watch it; *ret_is_new. Another folder may be there under its old path. */
static int enter(struct walk *walk, const char *path, bool *ret_is_new)
{
    struct watch_folder *folder = find_path(walk->tree, path);
    *ret_is_new = !folder;
    if (!folder)
        folder = add_folder(walk->tree, path);
    if (!folder)
        return -ENOMEM;
    folder->is_seen = true;
    if (walk->fd < 0)
        return 0;
    int wd = inotify_add_watch(walk->fd, path, watch_tree_mask());
    if (wd >= 0) {
        *ret_is_new |= folder->wd != wd;
        folder->wd = wd;
    } else if (errno == ENOSPC || errno == ENOMEM) {
        walk->status = -ENOSPC;
    }
    return 0;
}

/* ---- walking ---- */

/* FNV-1a, so that the order and number of files count, too. */
static void mix(uint64_t *mark, const void *data, size_t n)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < n; i++)
        *mark = (*mark ^ bytes[i]) * 0x100000001b3u;
}

static void take_file(struct walk *walk, const char *path, const char *name, bool is_new)
{
    struct stat st;
    if (!watch_names_counts(walk->tree->settings, name))
        return;
    char *file = mem_printf("%s/%s", path, name);
    if (file && walk->is_look && stat(file, &st) == 0) {
        mix(&walk->mark, file, strlen(file));
        mix(&walk->mark, &st.st_mtim, sizeof st.st_mtim);
        mix(&walk->mark, &st.st_size, sizeof st.st_size);
    }
    if (is_new && !walk->file)
        walk->file = file;
    else
        mem_free(file);
}

static bool is_folder(int at, const struct dirent *entry)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(at, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int walk_folder(struct walk *walk, const char *path, int depth);

static int walk_entry(struct walk *walk, DIR *dir, const char *path, const struct dirent *entry,
                      bool is_new, int depth)
{
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    if (!is_folder(dirfd(dir), entry)) {
        take_file(walk, path, name, is_new);
        return 0;
    }
    if (depth == DEPTH_MAX || !watch_names_enters(walk->tree->settings, path, name))
        return 0;
    char *below = mem_printf("%s/%s", path, name);
    int status = below ? walk_folder(walk, below, depth + 1) : -ENOMEM;
    mem_free(below);
    return status;
}

/* Watched first, read then: what comes between the two is seen twice rather than never. */
static int walk_folder(struct walk *walk, const char *path, int depth)
{
    bool is_new;
    int status = enter(walk, path, &is_new);
    DIR *dir = status == 0 ? opendir(path) : NULL;
    if (!dir)
        return status; /* gone meanwhile, or not for us */
    for (struct dirent *entry; status == 0 && (entry = readdir(dir));)
        status = walk_entry(walk, dir, path, entry, is_new, depth);
    closedir(dir);
    return status;
}

static void forget_unseen(struct watch_tree *tree)
{
    size_t n = 0;
    for (size_t i = 0; i < tree->n; i++) {
        if (tree->folders[i].is_seen)
            tree->folders[n++] = tree->folders[i];
        else
            mem_free(tree->folders[i].path);
    }
    tree->n = n;
}

static int walk_all(struct walk *walk)
{
    struct watch_tree *tree = walk->tree;
    int status = 0;
    for (size_t i = 0; i < tree->n; i++)
        tree->folders[i].is_seen = false;
    for (size_t i = 0; status == 0 && i < tree->n_roots; i++)
        status = walk_folder(walk, tree->roots[i], 0);
    if (status == 0)
        forget_unseen(tree);
    return status;
}

int watch_tree_walk(struct watch_tree *tree, int fd, char **ret_file)
{
    struct walk walk = {.tree = tree, .fd = fd};
    int status = walk_all(&walk);
    *ret_file = walk.file;
    return status < 0 ? status : walk.status;
}

bool watch_tree_look(struct watch_tree *tree)
{
    struct walk walk = {.tree = tree, .fd = -1, .mark = 0xcbf29ce484222325u, .is_look = true};
    if (walk_all(&walk) < 0)
        walk.mark = tree->mark;
    bool is_changed = walk.mark != tree->mark;
    tree->mark = walk.mark;
    mem_free(walk.file);
    return is_changed;
}

void watch_tree_fini(struct watch_tree *tree)
{
    for (size_t i = 0; i < tree->n; i++)
        mem_free(tree->folders[i].path);
    mem_free(tree->folders);
    *tree = (struct watch_tree){.settings = tree->settings};
}
