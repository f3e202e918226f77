/* Which descriptors are one component, and what each is called. */
#include "openapi/names.h"
#include <string.h>

/* ---- do two say the same? ---- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_number(long double a, long double b)
{
    return a == b || (a != a && b != b);
}

static bool same_enum(const cgw_enum *a, const cgw_enum *b)
{
    if (a == b)
        return true;
    if (a->n_values != b->n_values || strcmp(a->name, b->name) != 0)
        return false;
    for (size_t i = 0; i < a->n_values; i++)
        if (strcmp(a->values[i].name, b->values[i].name) != 0)
            return false;
    return true;
}

/* Those that are being compared are taken for the same meanwhile: one may hold a list of itself. */
struct pair {
    const struct pair *above;
    const cgw_model *a, *b;
};
static bool same_model(const cgw_model *a, const cgw_model *b, const struct pair *above);

static bool same_limits(const struct cgw_field *a, const struct cgw_field *b)
{
    return same_number(a->def, b->def) && same_number(a->gt, b->gt) && same_number(a->ge, b->ge) &&
           same_number(a->lt, b->lt) && same_number(a->le, b->le) &&
           same_number(a->multiple_of, b->multiple_of) && a->min_len == b->min_len &&
           a->max_len == b->max_len && a->min_items == b->min_items && a->max_items == b->max_items;
}

static bool same_words(const struct cgw_field *a, const struct cgw_field *b)
{
    return strcmp(a->name, b->name) == 0 && same_text(a->alias, b->alias) &&
           same_text(a->doc, b->doc) && same_text(a->example, b->example) &&
           same_text(a->pattern, b->pattern) && same_text(a->def_str, b->def_str);
}

static bool same_field(const struct cgw_field *a, const struct cgw_field *b,
                       const struct pair *above)
{
    if (a->kind != b->kind || a->item != b->item || a->opt != b->opt || a->null != b->null ||
        a->hidden != b->hidden || !same_words(a, b) || !same_limits(a, b))
        return false;
    if (a->values && b->values && !same_enum(a->values(), b->values()))
        return false;
    return !a->model || !b->model || same_model(a->model(), b->model(), above);
}

static bool same_model(const cgw_model *a, const cgw_model *b, const struct pair *above)
{
    struct pair pair = {above, a, b};
    for (const struct pair *at = above; at; at = at->above)
        if (at->a == a && at->b == b)
            return true;
    if (a == b)
        return true;
    if (strcmp(a->name, b->name) != 0 || a->n_fields != b->n_fields || a->strict != b->strict ||
        !same_text(a->doc, b->doc))
        return false;
    for (size_t i = 0; i < a->n_fields; i++)
        if (!same_field(&a->fields[i], &b->fields[i], &pair))
            return false;
    return true;
}

/* ---- names ---- */

/* Those that the document has of its own. */
static bool is_ours(const char *text)
{
    static const char *const ours[] = {"HTTPValidationError", "ValidationError", "HTTPError",
                                       "ProblemDetails"};
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        if (strcmp(ours[i], text) == 0)
            return true;
    return false;
}

static bool is_free(const struct names *names, const char *text)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->items[i].text, text) == 0)
            return false;
    return !is_ours(text);
}

const char *names_key(struct arena *arena, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (text[strspn(text, plain)] == '\0')
        return text;
    char *key = arena_copy(arena, text, strlen(text));
    for (char *c = key; c && *c; c++)
        *c = strchr(plain, *c) ? *c : '_';
    return key;
}

/* NULL: out of memory. */
static const char *choose(const struct names *names, const char *text)
{
    const char *key = names_key(names->arena, text), *chosen = key;
    for (int n = 2; chosen && !is_free(names, chosen); n++)
        chosen = arena_printf(names->arena, "%s_%d", key, n).ptr;
    return chosen;
}

static bool grow(struct names *names)
{
    size_t room = names->room ? names->room * 2 : 16;
    struct name *items = arena_alloc(names->arena, room * sizeof(*items));
    if (!items)
        return false;
    if (names->n)
        memcpy(items, names->items, names->n * sizeof(*items));
    names->items = items;
    names->room = room;
    return true;
}

static const char *add(struct names *names, struct name name, const char *text)
{
    name.text = choose(names, text);
    if (!name.text || (names->n == names->room && !grow(names))) {
        names->status = CGW_ENOMEM;
        return "";
    }
    names->items[names->n++] = name;
    return name.text;
}

const char *names_of_model(struct names *names, const cgw_model *model)
{
    for (size_t i = 0; i < names->n; i++)
        if (names->items[i].model && same_model(names->items[i].model, model, NULL))
            return names->items[i].text;
    return add(names, (struct name){.model = model}, model->name);
}

const char *names_of_enum(struct names *names, const cgw_enum *values)
{
    for (size_t i = 0; i < names->n; i++)
        if (names->items[i].values && same_enum(names->items[i].values, values))
            return names->items[i].text;
    return add(names, (struct name){.values = values}, values->name);
}
