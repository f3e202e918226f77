/*
 * items: a small shop over SQLite, written as one would write it for any blocking server: each call
 * has a pool thread to itself, and whatever it calls may wait.
 *
 *   CGW_ITEMS_DB=shop.db cgw-serve items.so
 *   curl -H 'content-type: application/json' -d '{"name": "tea", "price": 3.5}' \
 *        http://127.0.0.1:8000/items
 *
 *   POST /items            201 and where it is    GET /items?limit=&offset=   200 and a page
 *   GET /items/{id}        200                    DELETE /items/{id}          204
 *   PUT /items/{id}        200, all of it new     PATCH /items/{id}           200, what is named
 *
 * An item is {"name": 1 to 80 characters, unique; "price": from 0; "tags": strings, may be absent}.
 * Errors are {"detail": text}, or for 422 {"detail": [{"type", "loc", "msg", "input"}, …]} with
 * every field at fault. The file is CGW_ITEMS_DB [items.db].
 */
#include "reply.h"
#include "routes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which route ---- */

static void show_index(struct request *request)
{
    reply_text(request->call,
               "items: a small shop. With this server's address in $at, for example\n"
               "at=http://127.0.0.1:8000, try:\n\n"
               "  curl $at/items -H 'content-type: application/json' \\\n"
               "       -d '{\"name\": \"tea\", \"price\": 3.5, \"tags\": [\"leaf\"]}'\n"
               "  curl \"$at/items?limit=10&offset=0\"\n"
               "  curl $at/items/1\n"
               "  curl -X PATCH $at/items/1 -H 'content-type: application/json' \\\n"
               "       -d '{\"price\": 4}'\n"
               "  curl -X PUT $at/items/1 -H 'content-type: application/json' \\\n"
               "       -d '{\"name\": \"green tea\", \"price\": 5}'\n"
               "  curl -X DELETE $at/items/1\n");
}

struct route {
    const char *method;
    route_fn *run;
};
/* A path: what its methods do, and how they are listed. */
struct resource {
    struct route routes[6];
    const char *allow;
};

static const struct resource front = {{{"GET", show_index}, {"HEAD", show_index}}, "GET, HEAD"};
static const struct resource all = {
    {{"GET", routes_list}, {"HEAD", routes_list}, {"POST", routes_create}}, "GET, HEAD, POST"};
static const struct resource one = {{{"GET", routes_read},
                                     {"HEAD", routes_read},
                                     {"PUT", routes_replace},
                                     {"PATCH", routes_change},
                                     {"DELETE", routes_delete}},
                                    "GET, HEAD, PUT, PATCH, DELETE"};

static bool is(struct cgw_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

/* "/", "/items", "/items/{digits}", behind root_path. */
static const struct resource *find(const struct cgw_scope *scope, int64_t *ret_id)
{
    static const char prefix[] = "/items/";
    struct cgw_str path = scope->path;
    size_t skip = scope->root_path.len, len = sizeof(prefix) - 1;
    if (path.len < skip)
        return NULL;
    path = (struct cgw_str){path.ptr + skip, path.len - skip};
    if (is(path, "/"))
        return &front;
    if (is(path, "/items"))
        return &all;
    if (path.len <= len || memcmp(path.ptr, prefix, len) != 0)
        return NULL;
    struct cgw_str id = {path.ptr + len, path.len - len};
    return routes_number(id, INT64_MAX, ret_id) && *ret_id > 0 ? &one : NULL;
}

static void dispatch(struct cgw_call *call)
{
    struct request request = {call, call->scope->state, 0};
    const struct resource *resource = find(call->scope, &request.id);
    if (!resource) {
        reply_error(call, 404, "nothing is at this path", NULL, NULL);
        return;
    }
    for (const struct route *route = resource->routes; route->method; route++) {
        if (is(call->scope->method, route->method)) {
            route->run(&request);
            return;
        }
    }
    reply_error(call, 405, "this path does not take this method", "allow", resource->allow);
}

/* ---- the worker's life ---- */

static int tell(struct cgw_call *call, uint16_t type, struct store *store, const char *message)
{
    struct cgw_event event = {.type = type, .size = sizeof(event)};
    event.u.lifespan.state = store;
    if (message)
        event.u.lifespan.message = (struct cgw_str){message, strlen(message)};
    return call->host->send(call, &event, 1, NULL, NULL);
}

/* Each connection would have a database of its own in memory. */
static enum store_result open_store(const char *path, struct store_use *use,
                                    struct store **ret_store)
{
    if (strcmp(path, ":memory:") != 0)
        return store_open(path, use, ret_store);
    snprintf(use->message, sizeof(use->message), "it must be a file");
    return STORE_IO;
}

static int start(struct cgw_call *call, struct store **ret_store)
{
    const char *given = getenv("CGW_ITEMS_DB"), *path = given && *given ? given : "items.db";
    struct store_use use = {.row = NULL};
    if (open_store(path, &use, ret_store) == STORE_OK)
        return tell(call, CGW_LIFESPAN_STARTUP_COMPLETE, *ret_store, NULL);
    char message[4600];
    snprintf(message, sizeof(message), "items: database %s (CGW_ITEMS_DB): %s", path, use.message);
    return tell(call, CGW_LIFESPAN_STARTUP_FAILED, NULL, message);
}

static void live(struct cgw_call *call)
{
    struct cgw_event event;
    struct store *store = NULL;
    int status = call->host->receive(call, &event, NULL, NULL);
    if (status == CGW_OK)
        status = start(call, &store);
    if (status == CGW_OK && store)
        status = call->host->receive(call, &event, NULL, NULL);
    store_close(store);
    if (status == CGW_OK && store)
        status = tell(call, CGW_LIFESPAN_SHUTDOWN_COMPLETE, NULL, NULL);
    call->host->finish(call, status);
}

static void items(struct cgw_call *call)
{
    if (call->scope->type == CGW_SCOPE_LIFESPAN)
        live(call);
    else
        dispatch(call);
}

CGW_APP(.kind = CGW_SYNC, .flags = CGW_LIFESPAN, .name = "items", .call = items);
