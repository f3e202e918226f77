/* Patterns of names, as the shell has them. */
#include "proc/dev/watch_names.h"
#include "base/mem.h"
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

/* Sources, and what servers of pages read when they start. Data that programs write (JSON,
   databases) would make a server restart itself for ever. */
static const char *const included[] = {"*.c",   "*.h",   "*.cc",   "*.cpp",  "*.cxx", "*.hh",
                                       "*.hpp", "*.inc", "*.html", "*.tmpl", "*.sql"};
static const char *const excluded[] = {".*",  "*~",   "*.swp", "*.swx",        "*.tmp",
                                       "*.o", "4913", "#*#",   "node_modules", "__pycache__"};
/* They lie on top of the folder that a build writes to. */
static const char *const betrayers[] = {"CMakeCache.txt", "build.ninja", "config.status",
                                        "CACHEDIR.TAG"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool matches_any(const char *const *patterns, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (fnmatch(patterns[i], name, 0) == 0)
            return true;
    return false;
}

static bool is_listed(const struct settings_list *list, const char *pattern)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], pattern) == 0)
            return true;
    return false;
}

static bool is_excluded(const struct settings *settings, const char *name)
{
    if (matches_any(settings->reload_excludes.items, settings->reload_excludes.n, name))
        return true;
    for (size_t i = 0; i < COUNT(excluded); i++)
        if (fnmatch(excluded[i], name, 0) == 0 &&
            !is_listed(&settings->reload_includes, excluded[i]))
            return true;
    return false;
}

bool watch_names_counts(const struct settings *settings, const char *name)
{
    return (matches_any(included, COUNT(included), name) ||
            matches_any(settings->reload_includes.items, settings->reload_includes.n, name)) &&
           !is_excluded(settings, name);
}

static bool has_file(const char *path, const char *name, const char *file)
{
    char *full = mem_printf("%s/%s/%s", path, name, file);
    bool is_there = full && access(full, F_OK) == 0;
    mem_free(full);
    return is_there;
}

bool watch_names_enters(const struct settings *settings, const char *path, const char *name)
{
    if (is_excluded(settings, name))
        return false;
    for (size_t i = 0; i < COUNT(betrayers); i++)
        if (has_file(path, name, betrayers[i]))
            return false;
    return true;
}
