/* Marks and names; nothing here knows of inotify. */
#include "proc/dev/watch_files.h"
#include "app/module.h"
#include "app/wrap.h"
#include "base/mem.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool watch_files_look_at(const char *path, struct watch_mark *ret_mark,
                         struct timespec *ret_changed)
{
    struct stat st;
    *ret_mark = (struct watch_mark){0};
    if (stat(path, &st) < 0)
        return false;
    *ret_mark = (struct watch_mark){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
    *ret_changed = st.st_ctim;
    return true;
}

static bool is_same(const struct watch_mark *a, const struct watch_mark *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec;
}

bool watch_files_has_changed(const struct watch_file *file, struct watch_mark *ret_mark)
{
    struct timespec changed;
    return watch_files_look_at(file->path, ret_mark, &changed) && !is_same(ret_mark, &file->mark);
}

bool watch_files_is_half(const struct watch_file *file)
{
    char *error = NULL;
    if (file->is_open)
        return true;
    if (!file->is_module)
        return false;
    int status = module_check_file(file->path, &error);
    mem_free(error);
    return status < 0;
}

void watch_files_fini(struct watch_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        mem_free(files->items[i].path);
        mem_free(files->items[i].place);
    }
    mem_free(files->items);
    *files = (struct watch_files){NULL, 0};
}

static bool add_file(struct watch_files *files, const char *path, const char *place)
{
    struct watch_file file = {.path = mem_strdup(path), .place = mem_strdup(place), .wd = -1};
    struct watch_file *items = mem_realloc(files->items, (files->n + 1) * sizeof *items);
    if (items)
        files->items = items;
    if (!items || !file.path || !file.place) {
        mem_free(file.path);
        mem_free(file.place);
        return false;
    }
    const char *slash = strrchr(file.place, '/');
    file.name = slash ? slash + 1 : file.place;
    files->items[files->n++] = file;
    return true;
}

/* Of a link, also what it leads to may be replaced where that lies. */
bool watch_files_add(struct watch_files *files, const char *path)
{
    char real[PATH_MAX];
    struct stat st;
    if (!add_file(files, path, path))
        return false;
    if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode) || !realpath(path, real))
        return true;
    return add_file(files, path, real);
}

bool watch_files_add_wraps(struct watch_files *files, const struct settings_list *wraps)
{
    bool is_fine = true;
    for (size_t i = 0; i < wraps->n && is_fine; i++) {
        char *path = wrap_path(wraps->items[i]);
        is_fine = path && watch_files_add(files, path);
        mem_free(path);
    }
    for (size_t i = 0; i < files->n; i++)
        files->items[i].is_module = true;
    return is_fine;
}

bool watch_files_follow(struct watch_file *file)
{
    char real[PATH_MAX];
    if (strcmp(file->path, file->place) == 0 || !realpath(file->path, real) ||
        strcmp(real, file->place) == 0)
        return false;
    char *place = mem_strdup(real);
    if (!place)
        return false;
    mem_free(file->place);
    file->place = place;
    file->name = strrchr(place, '/') + 1;
    return true;
}
