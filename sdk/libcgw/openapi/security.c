/*
 * All that a route's dependencies ask for must be given, so its schemes are one requirement; of
 * those that are optional each is an alternative beside it.
 */
#include "openapi/security.h"
#include "openapi/names.h"

enum { DEPTH_MAX = 32 };

/* ---- which ---- */

static void add(struct security *security, const struct cgw_auth *auth)
{
    for (size_t i = 0; i < security->n; i++)
        if (strcmp(security->items[i]->name, auth->name) == 0)
            return;
    if (security->n < SECURITY_MAX)
        security->items[security->n++] = auth;
}

static void collect(struct security *security, const struct cgw_dependency *const *depends,
                    int depth)
{
    for (; depends && *depends && depth < DEPTH_MAX; depends++) {
        if ((*depends)->auth)
            add(security, (*depends)->auth);
        collect(security, (*depends)->depends, depth + 1);
    }
}

void security_collect(struct security *security, const struct match_route *route)
{
    collect(security, route->depends, 0);
}

static void open_named(struct buffer *out, const struct cgw_auth *auth, char bracket)
{
    const char *key = names_key(out->arena, auth->name);
    if (key)
        json_out_open(out, key, bracket);
    else
        out->status = CGW_ENOMEM;
}

/* ---- scopes ---- */

/* Words of a list with blanks between them. */
static void write_words(struct buffer *out, const char *words)
{
    while (words && *words) {
        size_t n = strcspn(words, " ");
        if (n)
            json_out_string(out, NULL, (cgw_str){words, n});
        words += n + (words[n] == ' ');
    }
}

static void write_router_scopes(struct buffer *out, const struct cgw_router *router)
{
    if (!router)
        return;
    write_router_scopes(out, router->parent);
    write_words(out, router->scopes);
}

static void write_requirement(struct buffer *out, const struct cgw_auth *auth,
                              const struct cgw_endpoint *endpoint)
{
    bool has_scopes = auth->kind == CGW_AUTH_IS_PASSWORD || auth->kind == CGW_AUTH_IS_BEARER;
    open_named(out, auth, '[');
    if (has_scopes) {
        write_router_scopes(out, endpoint->router);
        write_words(out, endpoint->scopes);
    }
    json_out_close(out, '[');
}

/* All that must be, and one that may. */
static void write_alternative(struct buffer *out, const struct security *security,
                              const struct cgw_endpoint *endpoint, const struct cgw_auth *optional)
{
    json_out_open(out, NULL, '{');
    for (size_t i = 0; i < security->n; i++)
        if (!security->items[i]->optional || security->items[i] == optional)
            write_requirement(out, security->items[i], endpoint);
    json_out_close(out, '{');
}

void security_write(struct buffer *out, const struct match_route *route)
{
    struct security security = {.n = 0};
    security_collect(&security, route);
    if (security.n == 0)
        return;
    json_out_open(out, "security", '[');
    for (size_t i = 0; i < security.n; i++)
        if (security.items[i]->optional)
            write_alternative(out, &security, route->endpoint, security.items[i]);
    write_alternative(out, &security, route->endpoint, NULL);
    json_out_close(out, '[');
}

/* ---- schemes ---- */

static void write_url(struct buffer *out, const char *key, const char *url, cgw_str root_path)
{
    struct buffer text = BUFFER_IN(out->arena);
    if (!url)
        return;
    if (url[0] == '/')
        buffer_add(&text, root_path.ptr, root_path.len);
    buffer_add(&text, url, strlen(url));
    if (text.status == CGW_OK)
        json_out_string(out, key, buffer_text(&text));
    else
        out->status = text.status;
}

static void write_flow(struct buffer *out, const struct cgw_auth *auth, cgw_str root_path)
{
    json_out_open(out, "flows", '{');
    json_out_open(out, "password", '{');
    json_out_open(out, "scopes", '{');
    for (const struct cgw_auth_scope *scope = auth->scopes; scope && scope->name; scope++)
        json_out_text(out, scope->name, scope->doc ? scope->doc : "");
    json_out_close(out, '{');
    write_url(out, "tokenUrl", auth->token_url ? auth->token_url : "/token", root_path);
    write_url(out, "refreshUrl", auth->refresh_url, root_path);
    json_out_close(out, '{');
    json_out_close(out, '{');
}

static void write_http(struct buffer *out, const char *scheme, const char *format)
{
    json_out_text(out, "type", "http");
    json_out_text(out, "scheme", scheme);
    json_out_text(out, "bearerFormat", format);
}

static void write_api_key(struct buffer *out, const struct cgw_auth *auth)
{
    json_out_text(out, "type", "apiKey");
    json_out_text(out, "in", auth->header ? "header" : auth->query ? "query" : "cookie");
    json_out_text(out, "name",
                  auth->header  ? auth->header
                  : auth->query ? auth->query
                                : auth->cookie);
}

static void write_scheme(struct buffer *out, const struct cgw_auth *auth, cgw_str root_path)
{
    open_named(out, auth, '{');
    switch (auth->kind) {
    case CGW_AUTH_IS_BASIC:
        write_http(out, "basic", NULL);
        break;
    case CGW_AUTH_IS_BEARER:
        write_http(out, "bearer", auth->format);
        break;
    case CGW_AUTH_IS_API_KEY:
        write_api_key(out, auth);
        break;
    case CGW_AUTH_IS_PASSWORD:
        json_out_text(out, "type", "oauth2");
        write_flow(out, auth, root_path);
        break;
    }
    json_out_text(out, "description", auth->doc);
    json_out_close(out, '{');
}

void security_write_schemes(struct buffer *out, const struct security *security, cgw_str root_path)
{
    if (security->n == 0)
        return;
    json_out_open(out, "securitySchemes", '{');
    for (size_t i = 0; i < security->n; i++)
        write_scheme(out, security->items[i], root_path);
    json_out_close(out, '{');
}
