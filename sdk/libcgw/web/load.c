/*
 * Faults of routes: models that no request could fulfil, a body where there is none, examples that
 * are no JSON, parameters of a path that nothing reads. The text begins with the place in the
 * source.
 */
#include "web/load.h"
#include "model/json_read.h"
#include "web/application.h"

static const char no_memory[] = "out of memory";

static const char *at(const struct cgw_endpoint *endpoint, struct arena *arena, const char *fault)
{
    const char *text =
        arena_printf(arena, "%s:%d: route %s %s (%s): %s", endpoint->file, endpoint->line,
                     endpoint->method, endpoint->path, endpoint->function, fault)
            .ptr;
    return text ? text : no_memory;
}

/* ---- examples ---- */

static bool is_json(const char *text)
{
    struct json_reader reader;
    struct json_value value;
    json_read_init(&reader, (cgw_str){text, strlen(text)});
    return json_read_value(&reader, &value) && json_read_rest(&reader, &value) &&
           json_read_end(&reader);
}

static const char *example_fault(const cgw_model *model, struct arena *arena)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const struct cgw_field *field = &model->fields[i];
        if (!field->example || is_json(field->example))
            continue;
        const char *text = arena_printf(arena, "%s.%s: the example %s is no JSON", model->name,
                                        field->name, field->example)
                               .ptr;
        return text ? text : no_memory;
    }
    return NULL;
}

/* ---- models ---- */

static const char *model_fault(cgw_model_fn *model, struct arena *arena)
{
    const char *fault = model ? model()->code->prepare(model(), arena) : NULL;
    return fault || !model ? fault : example_fault(model(), arena);
}

static const char *models_fault(const struct cgw_endpoint *endpoint, struct arena *arena)
{
    cgw_model_fn *const models[] = {endpoint->body,    endpoint->form,      endpoint->params,
                                    endpoint->headers, endpoint->cookies,   endpoint->path_params,
                                    endpoint->reply,   endpoint->reply_list};
    const char *fault = NULL;
    for (size_t i = 0; i < sizeof(models) / sizeof(*models) && !fault; i++)
        fault = model_fault(models[i], arena);
    const struct cgw_other_reply *reply = endpoint->replies;
    for (; reply && reply->status && !fault; reply++)
        fault = model_fault(reply->model, arena);
    return fault ? fault : bind_fault(arena, endpoint);
}

/* ---- bodies ---- */

static bool has_method(const struct match_route *route, uint32_t bits)
{
    return route->methods & bits;
}

/* RFC 9110, 9.3.1: what a GET brings along has no meaning, and clients refuse to send it. */
static const char *body_fault(const struct match_route *route)
{
    const struct cgw_endpoint *endpoint = route->endpoint;
    if (endpoint->body && endpoint->form)
        return "it has .body and .form: a request has one of them";
    if (!endpoint->body && !endpoint->form)
        return endpoint->example && !is_json(endpoint->example) ? "its .example is no JSON" : NULL;
    if (has_method(route, MATCH_GET | MATCH_HEAD))
        return endpoint->body ? "a GET or HEAD has no body: take .params, or POST"
                              : "a GET or HEAD has no form: take .params, or POST";
    return endpoint->example && !is_json(endpoint->example) ? "its .example is no JSON" : NULL;
}

/* ---- all ---- */

static struct load_reads reads_of_module(void)
{
    struct section section = section_reads();
    return (struct load_reads){.first = (const void *)section.first,
                               .end = (const void *)section.end};
}

const char *load_fault(const struct matcher *matcher, struct arena *arena)
{
    struct load_reads reads = reads_of_module();
    if (load_reads_gather(&reads, matcher, arena) != CGW_OK)
        return no_memory;
    for (size_t i = 0; i < matcher->n_routes; i++) {
        const struct match_route *route = &matcher->routes[i];
        const char *fault = models_fault(route->endpoint, arena);
        if (!fault)
            fault = body_fault(route);
        if (!fault)
            fault = load_reads_fault(route, &reads, arena);
        if (fault)
            return at(route->endpoint, arena, fault);
    }
    return NULL;
}
