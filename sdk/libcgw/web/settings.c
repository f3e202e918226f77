/*
 * Settings: a model bound from a file of NAME=value lines and from the environment, which wins.
 * What is wrong is told line by line, without the values: there are passwords among them.
 */
#include "base/memory.h"
#include "web/application.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 128 };

struct assignment {
    struct assignment *next;
    cgw_str name, value;
};

struct settings {
    cgw_boot *boot;
    struct arena *arena;
    const cgw_model *model;
    const struct cgw_settings_options *options;
    struct assignment *file; /* latest first: the last of a name wins */
    struct model_pair *pairs;
    size_t n_pairs, room;
};

/* ---- the file ---- */

static cgw_str trim(cgw_str text)
{
    while (text.len && isspace((unsigned char)text.ptr[0]))
        text = (cgw_str){text.ptr + 1, text.len - 1};
    while (text.len && isspace((unsigned char)text.ptr[text.len - 1]))
        text.len--;
    return text;
}

static cgw_str unquote(cgw_str text)
{
    bool is_quoted = text.len >= 2 && (text.ptr[0] == '"' || text.ptr[0] == '\'') &&
                     text.ptr[text.len - 1] == text.ptr[0];
    return is_quoted ? (cgw_str){text.ptr + 1, text.len - 2} : text;
}

/* NULL, or what is wrong with the line. */
static const char *take_line(struct settings *settings, cgw_str line)
{
    static const char export[] = "export ";
    line = trim(line);
    if (!line.len || line.ptr[0] == '#')
        return NULL;
    if (line.len > sizeof(export) && memcmp(line.ptr, export, sizeof(export) - 1) == 0)
        line = trim((cgw_str){line.ptr + sizeof(export) - 1, line.len - sizeof(export) + 1});
    const char *sign = memchr(line.ptr, '=', line.len);
    if (!sign || sign == line.ptr)
        return "want NAME=value, or # and a comment";
    size_t len = (size_t)(sign - line.ptr);
    cgw_str name = trim((cgw_str){line.ptr, len});
    cgw_str value = unquote(trim((cgw_str){sign + 1, line.len - len - 1}));
    struct assignment *assignment = arena_alloc(settings->arena, sizeof(*assignment));
    const char *copies[] = {arena_copy(settings->arena, name.ptr, name.len),
                            arena_copy(settings->arena, value.ptr, value.len)};
    if (!assignment || !copies[0] || !copies[1])
        return "out of memory";
    *assignment =
        (struct assignment){settings->file, {copies[0], name.len}, {copies[1], value.len}};
    settings->file = assignment;
    return NULL;
}

static int read_lines(struct settings *settings, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    const char *fault = NULL;
    unsigned number = 0;
    for (ssize_t n; !fault && (n = getline(&line, &room, file)) >= 0; number++)
        fault = take_line(settings, (cgw_str){line, (size_t)n});
    memory_free(line); /* of the heap, by getline */
    if (fault)
        return cgw_boot_fail(settings->boot, "%s:%u: %s", settings->options->path, number, fault);
    if (ferror(file))
        return cgw_boot_fail(settings->boot, "settings: cannot read %s: %s",
                             settings->options->path, strerror(errno));
    return 0;
}

static int read_file(struct settings *settings)
{
    const struct cgw_settings_options *options = settings->options;
    if (!options->path)
        return 0;
    FILE *file = fopen(options->path, "re");
    if (!file && errno == ENOENT && !options->required)
        return 0;
    if (!file)
        return cgw_boot_fail(settings->boot, "settings: cannot open %s: %s", options->path,
                             strerror(errno));
    int status = read_lines(settings, file);
    fclose(file);
    return status;
}

/* ---- fields ---- */

/* PREFIX and the field in capitals. false: too long. */
static bool name_field(const struct settings *settings, const struct cgw_field *field,
                       char name[NAME_MAX_BYTES])
{
    const char *prefix = settings->options->prefix ? settings->options->prefix : "";
    int len = snprintf(name, NAME_MAX_BYTES, "%s%s", prefix, field->name);
    for (char *c = name + strlen(prefix); len < NAME_MAX_BYTES && *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return len < NAME_MAX_BYTES;
}

static const char *find_value(const struct settings *settings, const char *name)
{
    const char *value = getenv(name);
    if (value)
        return value;
    for (const struct assignment *at = settings->file; at; at = at->next)
        if (strcmp(at->name.ptr, name) == 0)
            return at->value.ptr;
    return NULL;
}

static int add_pair(struct settings *settings, const char *name, cgw_str value)
{
    if (settings->n_pairs == settings->room) {
        size_t room = settings->room ? 2 * settings->room : 16, bytes = sizeof(struct model_pair);
        struct model_pair *pairs =
            arena_grow(settings->arena, settings->pairs, settings->room * bytes, room * bytes);
        if (!pairs)
            return CGW_ENOMEM;
        settings->pairs = pairs;
        settings->room = room;
    }
    const char *copy = arena_copy(settings->arena, value.ptr, value.len);
    if (!copy)
        return CGW_ENOMEM;
    settings->pairs[settings->n_pairs++] =
        (struct model_pair){{name, strlen(name)}, {copy, value.len}};
    return CGW_OK;
}

/* A list is separated by commas. */
static int add_value(struct settings *settings, const struct cgw_field *field, const char *value)
{
    const char *name = field->alias ? field->alias : field->name;
    int status = CGW_OK;
    if (field->kind != CGW_KIND_LIST)
        return add_pair(settings, name, (cgw_str){value, strlen(value)});
    while (status == CGW_OK && *value) {
        size_t len = strcspn(value, ",");
        status = add_pair(settings, name, trim((cgw_str){value, len}));
        value += len + (value[len] == ',');
    }
    return status;
}

static int gather(struct settings *settings)
{
    for (size_t i = 0; i < settings->model->n_fields; i++) {
        char name[NAME_MAX_BYTES];
        const struct cgw_field *field = &settings->model->fields[i];
        const char *value = name_field(settings, field, name) ? find_value(settings, name) : NULL;
        if (value && add_value(settings, field, value) != CGW_OK)
            return cgw_boot_fail(settings->boot, "settings: out of memory");
    }
    return 0;
}

static int bind(struct settings *settings, void *out)
{
    struct model_errors errors;
    const struct model_source source = {
        .place = "settings", .pairs = settings->pairs, .n_pairs = settings->n_pairs};
    model_errors_init(&errors, settings->arena);
    errors.echo = 0;
    int status =
        settings->model->code->bind(settings->model, settings->arena, &source, &errors, out);
    if (status == CGW_OK)
        return 0;
    for (size_t i = 0; i < errors.n; i++)
        cgw_log_level(NULL, CGW_LOG_ERROR, "settings of %s: %s", settings->model->name,
                      errors.items[i].text.ptr);
    const char *prefix = settings->options->prefix ? settings->options->prefix : "";
    return cgw_boot_fail(settings->boot, "%zu settings are wrong, variables are %sNAME: %s",
                         errors.n, prefix, errors.n ? errors.items[0].text.ptr : "out of memory");
}

int cgw__settings(cgw_boot *boot, const cgw_model *model, void *out,
                  struct cgw_settings_options options)
{
    struct settings settings = {
        .boot = boot, .arena = &boot->application->arena, .model = model, .options = &options};
    const char *fault = model->code->prepare(model, settings.arena);
    if (fault)
        return cgw_boot_fail(boot, "settings of %s: %s", model->name, fault);
    if (read_file(&settings) != 0 || gather(&settings) != 0)
        return -1;
    return bind(&settings, out);
}
