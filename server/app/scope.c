/* The scope of an HTTP call; the common request costs no copy here. */
#include "app/scope.h"
#include "proto/forwarded.h"
#include "proto/target.h"
#include <errno.h>

static inline struct cgw_str to_cgw(struct str s)
{
    return (struct cgw_str){s.ptr, s.len};
}

static inline struct cgw_str or_empty(struct str s)
{
    return (struct cgw_str){s.ptr ? s.ptr : "", s.len};
}

static int join(struct arena *arena, struct str a, struct str b, struct str *ret)
{
    char *joined = arena_alloc(arena, a.len + b.len + 1);
    if (!joined)
        return -ENOMEM;
    memcpy(joined, a.ptr, a.len);
    memcpy(joined + a.len, b.ptr, b.len);
    joined[a.len + b.len] = '\0';
    *ret = (struct str){joined, a.len + b.len};
    return 0;
}

static inline vector is_escape(vector v)
{
    return vector_equal(v, '%');
}

static int fill_paths(struct call *call, struct str raw, struct str *ret_raw, struct str *ret_path)
{
    struct str root = call->runtime->settings->root_path;
    bool is_plain = !vector_any(raw.ptr, raw.len, is_escape);
    *ret_raw = *ret_path = raw;
    if (root.len == 0 && is_plain)
        return 0;
    if (root.len && join(&call->arena, root, raw, ret_raw) < 0)
        return -ENOMEM;
    return target_decode(&call->arena, root, raw, ret_path);
}

/* What trusted proxies say replaces what the socket says. */
static int fill_forwarded(struct call *call, const struct scope_request *request)
{
    struct cgw_scope *scope = &call->scope;
    const struct forwarded_trust *trust = call->runtime->trust;
    struct forwarded forwarded;
    if (!trust || !forwarded_is_trusted(trust, request->client))
        return 0;
    int rc = forwarded_read(trust, request->fields, request->n_fields, &call->arena, &forwarded);
    if (rc < 0)
        return rc;
    if (forwarded.scheme.len)
        scope->scheme = to_cgw(forwarded.scheme);
    if (forwarded.client.len) {
        scope->client = to_cgw(forwarded.client);
        scope->client_port = forwarded.client_port;
    }
    return 0;
}

int scope_fill(struct call *call, const struct scope_request *request)
{
    struct str raw, path;
    if (fill_paths(call, request->raw_path, &raw, &path) < 0)
        return -ENOMEM;
    struct cgw_scope *scope = &call->scope; /* filled in place: this runs for every request */
    scope->size = sizeof *scope;
    scope->type = CGW_SCOPE_HTTP;
    scope->http_major = request->http_major;
    scope->http_minor = request->http_minor;
    scope->asgi_version = to_cgw(STR("3.0"));
    scope->spec_version = to_cgw(STR("2.5"));
    scope->scheme = to_cgw(request->is_secure ? STR("https") : STR("http"));
    scope->method = to_cgw(request->method);
    scope->path = to_cgw(path);
    scope->raw_path = to_cgw(raw);
    scope->query = or_empty(request->query);
    scope->root_path = or_empty(call->runtime->settings->root_path);
    scope->headers = (const struct cgw_header *)request->fields;
    scope->n_headers = request->n_fields;
    scope->client = or_empty(request->client);
    scope->server = or_empty(request->server);
    scope->client_port = request->client_port;
    scope->server_port = request->server_port;
    scope->reserved = 0;
    scope->state = call->runtime->state;
    scope->subprotocols = NULL;
    scope->n_subprotocols = 0;
    return fill_forwarded(call, request);
}
