/* By the link that Linux keeps for each process. */
#include "proc/system/own_folder.h"
#include "base/mem.h"
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

char *own_folder(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    return mem_strdup(path);
}

char *own_folder_with(const char *prefix, const char *folder, const char *file)
{
    char *path = mem_printf("%s%s", prefix, folder);
    char *whole = path ? mem_printf("%s/%s", path, file) : NULL;
    bool is_there = whole && access(whole, R_OK) == 0;
    mem_free(whole);
    if (is_there)
        return path;
    mem_free(path);
    return NULL;
}
