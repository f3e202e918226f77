/*
 * The files lie beside the sources, or where they were installed; they are copied as they are, but
 * for the project's name.
 */
#include "proc/dev/new_project.h"
#include "base/mem.h"
#include "proc/system/own_folder.h"
#include "proc/worker.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the files are installed, as the build says. */
#ifndef CGW_NEWDIR
#define CGW_NEWDIR ""
#endif
#define NAME_MARK "@NAME@"

static const struct file {
    const char *name, *source;
} files[] = {{"app.c", "app.c"},
             {"check_app.c", "check_app.c"},
             {"Makefile", "Makefile"},
             {"README.md", "README.md"},
             {".gitignore", "gitignore"}};
enum { FILES = sizeof(files) / sizeof(files[0]) };

/* ---- where the files come from ---- */

/* The folder of the sources that the build tree beside the program belongs to, from its package. */
static char *source_tree(const char *program)
{
    static const char key[] = "abs_top_srcdir=";
    char *path = mem_printf("%s/sdk/cgw-uninstalled.pc", program), *tree = NULL, line[4096];
    FILE *file = path ? fopen(path, "re") : NULL;
    while (file && !tree && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, key, strlen(key)) == 0)
            tree = mem_strdup(line + strlen(key));
    }
    if (file)
        fclose(file);
    mem_free(path);
    return tree;
}

static char *find_sources(void)
{
    char *program = own_folder(), *found = NULL;
    char *tree = program ? source_tree(program) : NULL;
    if (tree)
        found = own_folder_with(tree, "/sdk/new", "app.c");
    if (!found && program)
        found = own_folder_with(program, "/../share/cgw/new", "app.c");
    if (!found)
        found = own_folder_with("", CGW_NEWDIR, "app.c");
    mem_free(program);
    mem_free(tree);
    return found;
}

/* ---- writing ---- */

struct project {
    const char *folder;
    char *name; /* of the project: the folder's own */
    char *sources;
    FILE *err;
    bool has_made_folder;
    size_t n; /* files that were written */
};

static int fail(struct project *project, const char *what, const char *path)
{
    fprintf(project->err, "cgw-serve: --new: %s %s: %s\n", what, path, strerror(errno));
    return -1;
}

/* One line, each mark in it replaced. */
static void put_line(FILE *to, const char *line, const char *name)
{
    for (const char *mark; (mark = strstr(line, NAME_MARK)); line = mark + strlen(NAME_MARK))
        fprintf(to, "%.*s%s", (int)(mark - line), line, name);
    fputs(line, to);
}

static int copy_lines(struct project *project, FILE *from, FILE *to)
{
    char line[1024];
    while (fgets(line, sizeof line, from))
        put_line(to, line, project->name);
    bool has_failed = ferror(from) || ferror(to);
    return fclose(to) == 0 && !has_failed ? 0 : -1;
}

static int write_file(struct project *project, const struct file *file)
{
    char *source = mem_printf("%s/%s", project->sources, file->source);
    char *path = mem_printf("%s/%s", project->folder, file->name);
    FILE *from = source ? fopen(source, "re") : NULL;
    FILE *to = from && path ? fopen(path, "wxe") : NULL;
    int rc = 0;
    project->n += to != NULL;
    if (!source || !path)
        rc = fail(project, "cannot write", file->name);
    else if (!from)
        rc = fail(project, "cannot read", source);
    else if (!to || copy_lines(project, from, to) < 0)
        rc = fail(project, "cannot write", path);
    if (from)
        fclose(from);
    mem_free(source);
    mem_free(path);
    return rc;
}

static void take_back(const struct project *project)
{
    for (size_t i = 0; i < project->n; i++) {
        char *path = mem_printf("%s/%s", project->folder, files[i].name);
        if (path)
            unlink(path);
        mem_free(path);
    }
    if (project->has_made_folder)
        rmdir(project->folder);
}

/* ---- the folder ---- */

static bool is_empty(DIR *folder)
{
    struct dirent *entry;
    while ((entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return false;
    return true;
}

static int make_folder(struct project *project)
{
    if (mkdir(project->folder, 0777) == 0) {
        project->has_made_folder = true;
        return 0;
    }
    if (errno != EEXIST)
        return fail(project, "cannot make", project->folder);
    DIR *folder = opendir(project->folder);
    if (!folder)
        return fail(project, "cannot use", project->folder);
    bool empty = is_empty(folder);
    closedir(folder);
    if (empty)
        return 0;
    fprintf(project->err,
            "cgw-serve: --new: %s is not empty: nothing is overwritten; name a new folder\n",
            project->folder);
    return -1;
}

/* The last part of the path; of "." and the like the one that they stand for. */
static char *name_of(const char *folder)
{
    char path[PATH_MAX];
    const char *slash = realpath(folder, path) ? strrchr(path, '/') : NULL;
    return mem_strdup(slash && slash[1] ? slash + 1 : "app");
}

static int write_all(struct project *project)
{
    project->name = name_of(project->folder);
    if (!project->name)
        return fail(project, "cannot write", project->folder);
    for (size_t i = 0; i < FILES; i++)
        if (write_file(project, &files[i]) < 0)
            return -1;
    return 0;
}

static void tell(const char *folder, FILE *out)
{
    fprintf(out, "%s:", folder);
    for (size_t i = 0; i < FILES; i++)
        fprintf(out, " %s", files[i].name);
    fprintf(out, "\nNext: cd %s && make check && make serve\n", folder);
    fflush(out);
}

int new_project(const char *folder, FILE *out, FILE *err)
{
    struct project project = {.folder = folder, .err = err, .sources = find_sources()};
    int rc = -1;
    if (!*folder)
        fputs("cgw-serve: --new: got nothing, takes the name of a folder\n", err);
    else if (!project.sources)
        fprintf(err, "cgw-serve: --new: the files of a project are missing: they belong to %s\n",
                *CGW_NEWDIR ? CGW_NEWDIR : "cgw's data");
    else
        rc = make_folder(&project);
    if (rc == 0 && (rc = write_all(&project)) < 0)
        take_back(&project);
    if (rc == 0)
        tell(folder, out);
    mem_free(project.sources);
    mem_free(project.name);
    return rc == 0 ? EXIT_FINE : EXIT_CANNOT_RUN;
}
