/* From a request to the store and back: every way this can end is one reply. */
#include "routes.h"
#include "reply.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- errors ---- */

static void refuse_busy(struct cgw_call *call, const char *detail)
{
    reply_error(call, 503, detail, "retry-after", "1");
}

/* What the store could not do, as an answer; and where it is not the client's, in the log too. */
static void reply_failure(struct cgw_call *call, enum store_result result,
                          const struct store_use *use)
{
    char line[320];
    if (result == STORE_ABSENT) {
        reply_error(call, 404, "no such item", NULL, NULL);
        return;
    }
    if (result == STORE_CONFLICT) {
        reply_error(call, 409, "the name is taken by another item", NULL, NULL);
        return;
    }
    int len = snprintf(line, sizeof(line), "items: the database fails: %s", use->message);
    call->host->log(call, CGW_LOG_ERROR, line, (size_t)len);
    if (result == STORE_BUSY)
        refuse_busy(call, "the database is busy");
    else if (result == STORE_FULL)
        refuse_busy(call, "the disk is full");
    else if (result == STORE_READONLY)
        refuse_busy(call, "the database cannot be written");
    else if (result == STORE_NOMEM)
        reply_no_memory(call);
    else
        reply_error(call, 500, "the database cannot be used", NULL, NULL);
}

static void reply_faults(struct cgw_call *call, struct json_object *faults)
{
    struct json_object *json = json_object_new_object();
    if (json && json_object_object_add(json, "detail", faults) == 0) {
        reply_json(call, 422, json, NULL, NULL);
        return;
    }
    json_object_put(json);
    json_object_put(faults);
    reply_no_memory(call);
}

/* ---- a body ---- */

static bool is_json(const struct cgw_scope *scope)
{
    static const char type[] = "application/json";
    const struct cgw_str *given = reply_field(scope, "content-type");
    size_t len = sizeof(type) - 1;
    if (!given || given->len < len || strncasecmp(given->ptr, type, len) != 0)
        return false;
    return given->len == len || strchr("; \t", given->ptr[len]);
}

typedef enum store_result writer(struct request *request, struct store_use *use,
                                 const struct model *model);

/* The one row of an answer. */
static int keep_row(const struct model_row *row, void *arg)
{
    struct json_object **json = arg;
    json_object_put(*json);
    *json = model_json(row);
    return *json ? 0 : -1;
}

static void reply_created(struct request *request, struct json_object *json)
{
    struct cgw_str root = request->call->scope->root_path;
    char *location = request->call->host->alloc(request->call, root.len + 32);
    if (!location) {
        json_object_put(json);
        reply_no_memory(request->call);
        return;
    }
    int64_t id = json_object_get_int64(json_object_object_get(json, "id"));
    snprintf(location, root.len + 32, "%.*s/items/%lld", (int)root.len, root.ptr, (long long)id);
    reply_json(request->call, 201, json, "location", location);
}

static void write_model(struct request *request, const struct model *model, writer *write)
{
    struct json_object *json = NULL;
    struct store_use use = {.row = keep_row, .arg = &json};
    enum store_result result = write(request, &use, model);
    if (result == STORE_OK && request->id == 0) {
        reply_created(request, json);
    } else if (result == STORE_OK) {
        reply_json(request->call, 200, json, NULL, NULL);
    } else {
        json_object_put(json);
        reply_failure(request->call, result, &use);
    }
}

/* The body is parsed and holds what the model points to. */
static void write_parsed(struct request *request, struct json_object *body, bool is_partial,
                         writer *write)
{
    struct model model;
    struct json_object *faults = json_object_new_array();
    if (!faults || model_read(body, is_partial, faults, &model) < 0) {
        json_object_put(faults);
        reply_no_memory(request->call);
    } else if (json_object_array_length(faults) > 0) {
        reply_faults(request->call, faults);
    } else {
        json_object_put(faults);
        write_model(request, &model, write);
    }
}

static void write_body(struct request *request, bool is_partial, writer *write)
{
    struct json_object *json;
    struct cgw_str body;
    const char *why;
    if (!is_json(request->call->scope)) {
        reply_error(request->call, 415, "the content-type must be application/json", NULL, NULL);
        return;
    }
    if (reply_read_body(request->call, &body) < 0)
        return;
    if (model_parse(body.ptr, body.len, &json, &why) < 0) {
        if (why)
            reply_error(request->call, 400, why, NULL, NULL);
        else
            reply_no_memory(request->call);
        return;
    }
    write_parsed(request, json, is_partial, write);
    json_object_put(json);
}

/* ---- the routes ---- */

static enum store_result insert(struct request *request, struct store_use *use,
                                const struct model *model)
{
    return store_create(request->store, use, model);
}

static enum store_result replace(struct request *request, struct store_use *use,
                                 const struct model *model)
{
    return store_replace(request->store, use, request->id, model);
}

static enum store_result change(struct request *request, struct store_use *use,
                                const struct model *model)
{
    return store_change(request->store, use, request->id, model);
}

void routes_create(struct request *request)
{
    write_body(request, false, insert);
}

void routes_replace(struct request *request)
{
    write_body(request, false, replace);
}

void routes_change(struct request *request)
{
    write_body(request, true, change);
}

void routes_read(struct request *request)
{
    struct json_object *json = NULL;
    struct store_use use = {.row = keep_row, .arg = &json};
    enum store_result result = store_read(request->store, &use, request->id);
    if (result == STORE_OK) {
        reply_json(request->call, 200, json, NULL, NULL);
    } else {
        json_object_put(json);
        reply_failure(request->call, result, &use);
    }
}

static int drop_row(const struct model_row *row, void *arg)
{
    (void)row;
    (void)arg;
    return 0;
}

void routes_delete(struct request *request)
{
    struct store_use use = {.row = drop_row};
    enum store_result result = store_delete(request->store, &use, request->id);
    if (result == STORE_OK)
        reply_empty(request->call, 204);
    else
        reply_failure(request->call, result, &use);
}

/* ---- a page ---- */

static int append_row(const struct model_row *row, void *arg)
{
    struct json_object *json = model_json(row);
    if (json && json_object_array_add(arg, json) == 0)
        return 0;
    json_object_put(json);
    return -1;
}

/* The value behind key= in the query; ptr is NULL where it is absent. */
static struct cgw_str query_value(struct cgw_str query, const char *key)
{
    const char *at = query.ptr, *end = query.ptr + query.len;
    size_t len = strlen(key);
    while (at < end) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const char *stop = amp ? amp : end;
        if ((size_t)(stop - at) > len && memcmp(at, key, len) == 0 && at[len] == '=')
            return (struct cgw_str){at + len + 1, (size_t)(stop - at) - len - 1};
        at = stop + 1;
    }
    return (struct cgw_str){NULL, 0};
}

/* Digits only, up to max. */
bool routes_number(struct cgw_str text, int64_t max, int64_t *ret_value)
{
    int64_t value = 0;
    if (text.len == 0 || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value = value * 10 + (text.ptr[i] - '0');
    }
    *ret_value = value;
    return value <= max;
}

struct page {
    int64_t limit, offset;
};

/* A fault for each parameter that is no number of its range; 0 or -1. */
static int read_page(struct cgw_str query, struct json_object *faults, struct page *ret_page)
{
    struct page page = {100, 0};
    struct cgw_str limit = query_value(query, "limit"), offset = query_value(query, "offset");
    if (limit.ptr && (!routes_number(limit, 1000, &page.limit) || page.limit == 0) &&
        model_query_fault(faults, "limit", "must be a number from 1 to 1000", limit.ptr,
                          limit.len) < 0)
        return -1;
    if (offset.ptr && !routes_number(offset, INT64_MAX, &page.offset) &&
        model_query_fault(faults, "offset", "must be a number from 0", offset.ptr, offset.len) < 0)
        return -1;
    *ret_page = page;
    return 0;
}

/* {"items": rows, "total": n}, or NULL; rows is the object's then, or put. */
static struct json_object *page_json(struct json_object *rows, int64_t total)
{
    struct json_object *json = json_object_new_object();
    struct json_object *count = json_object_new_int64(total);
    if (!json || !count || json_object_object_add(json, "items", rows) < 0) {
        json_object_put(rows);
        json_object_put(count);
        json_object_put(json);
        return NULL;
    }
    if (json_object_object_add(json, "total", count) == 0)
        return json;
    json_object_put(count);
    json_object_put(json);
    return NULL;
}

static void send_page(struct request *request, const struct page *page)
{
    int64_t total = 0;
    struct json_object *rows = json_object_new_array();
    struct store_use use = {.row = append_row, .arg = rows};
    if (!rows) {
        reply_no_memory(request->call);
        return;
    }
    enum store_result result = store_list(request->store, &use, page->limit, page->offset, &total);
    if (result == STORE_OK) {
        reply_json(request->call, 200, page_json(rows, total), NULL, NULL);
    } else {
        json_object_put(rows);
        reply_failure(request->call, result, &use);
    }
}

void routes_list(struct request *request)
{
    struct page page;
    struct json_object *faults = json_object_new_array();
    if (!faults || read_page(request->call->scope->query, faults, &page) < 0) {
        json_object_put(faults);
        reply_no_memory(request->call);
    } else if (json_object_array_length(faults) > 0) {
        reply_faults(request->call, faults);
    } else {
        json_object_put(faults);
        send_page(request, &page);
    }
}
