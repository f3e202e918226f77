/*
 * A parameter of a path that no handler reads is a mistake: a name that was changed in one place
 * only. cgw_path() and the like leave a record of where they stand; what cannot be told from those
 * is let go by: a name that is no constant, and a reader that is no handler, as helpers,
 * dependencies and middleware run for many routes.
 */
#include "web/load.h"

static bool is_in(const struct cgw__read *read, const struct cgw_endpoint *endpoint)
{
    return strcmp(read->function, endpoint->function) == 0 &&
           strcmp(read->file, endpoint->file) == 0;
}

static bool is_handler(const struct cgw__read *read, const struct matcher *matcher)
{
    for (size_t i = 0; i < matcher->n_routes; i++)
        if (is_in(read, matcher->routes[i].endpoint))
            return true;
    return false;
}

int load_reads_gather(struct load_reads *reads, const struct matcher *matcher, struct arena *arena)
{
    size_t n = (size_t)(reads->end - reads->first);
    reads->shared = arena_alloc(arena, (n + 1) * sizeof(*reads->shared));
    if (!reads->shared)
        return CGW_ENOMEM;
    reads->n_shared = 0;
    for (const struct cgw__read *const *p = reads->first; p < reads->end; p++)
        if (*p && (!(*p)->name || !is_handler(*p, matcher)))
            reads->shared[reads->n_shared++] = *p;
    return CGW_OK;
}

static bool is_name(const char *text, cgw_str name)
{
    return strlen(text) == name.len && memcmp(text, name.ptr, name.len) == 0;
}

static bool is_bound(const cgw_model *model, cgw_str name)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const struct cgw_field *field = &model->fields[i];
        if (is_name(field->alias ? field->alias : field->name, name))
            return true;
    }
    return false;
}

static bool is_read(const struct match_route *route, cgw_str name, const struct load_reads *reads)
{
    const struct cgw_endpoint *endpoint = route->endpoint;
    if (name.ptr[0] == '_' || (endpoint->path_params && is_bound(endpoint->path_params(), name)))
        return true;
    for (size_t i = 0; i < reads->n_shared; i++)
        if (!reads->shared[i]->name || is_name(reads->shared[i]->name, name))
            return true;
    for (const struct cgw__read *const *p = reads->first; p < reads->end; p++)
        if (*p && (*p)->name && is_name((*p)->name, name) && is_in(*p, endpoint))
            return true;
    return false;
}

const char *load_reads_fault(const struct match_route *route, const struct load_reads *reads,
                             struct arena *arena)
{
    for (size_t i = 0; i < route->pattern.n; i++) {
        const struct match_segment *segment = &route->pattern.segments[i];
        cgw_str name = segment->name;
        if (segment->class == MATCH_STATIC || is_read(route, name, reads))
            continue;
        const char *text =
            arena_printf(arena,
                         "nothing reads {%.*s}: take cgw_path(req, \"%.*s\") or "
                         ".path_params, or call it {_%.*s}",
                         (int)name.len, name.ptr, (int)name.len, name.ptr, (int)name.len, name.ptr)
                .ptr;
        return text ? text : "out of memory";
    }
    return NULL;
}
