/*
 * The head of a request. What the host lends of it is copied when it is first asked for, all at
 * once: text that a handler has got stays good behind the last byte, where background tasks run.
 */
#include "model/lax.h"
#include "web/application.h"
#include "web/cookie.h"
#include "web/query.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct cgw_scope request_no_scope = {
    .size = sizeof(struct cgw_scope),
    .type = CGW_SCOPE_HTTP,
    .asgi_version = CGW_STR("3.0"),
    .spec_version = CGW_STR("2.5"),
    .scheme = CGW_STR(""),
    .method = CGW_STR(""),
    .path = CGW_STR(""),
    .raw_path = CGW_STR(""),
    .query = CGW_STR(""),
    .root_path = CGW_STR(""),
    .client = CGW_STR(""),
    .server = CGW_STR(""),
};

/* ---- the scope, kept ---- */

static size_t text_bytes(const struct cgw_scope *scope)
{
    size_t bytes = scope->method.len + scope->path.len + scope->raw_path.len + scope->query.len +
                   scope->root_path.len + scope->client.len + scope->server.len +
                   scope->scheme.len + 8;
    for (size_t i = 0; i < scope->n_headers; i++)
        bytes += scope->headers[i].name.len + scope->headers[i].value.len + 2;
    return bytes;
}

static void move(cgw_str *text, char **at)
{
    char *to = *at;
    if (text->len)
        memcpy(to, text->ptr, text->len);
    to[text->len] = '\0';
    *at = to + text->len + 1;
    text->ptr = to;
}

static struct cgw_header *move_headers(struct cgw_header *to, const struct cgw_scope *scope,
                                       char **at)
{
    for (size_t i = 0; i < scope->n_headers; i++) {
        to[i] = scope->headers[i];
        move(&to[i].name, at);
        move(&to[i].value, at);
    }
    return to;
}

static int keep_scope(void *arg)
{
    cgw_request *req = arg;
    const struct cgw_scope *scope = req->scope;
    if (req->has_kept_scope)
        return CGW_OK;
    struct cgw_scope *kept = arena_alloc(&req->arena, sizeof(*kept));
    struct cgw_header *headers = arena_alloc(&req->arena, scope->n_headers * sizeof(*headers) + 1);
    char *text = arena_alloc(&req->arena, text_bytes(scope));
    if (!kept || !headers || !text)
        return CGW_ENOMEM;
    *kept = *scope;
    cgw_str *texts[] = {&kept->method,    &kept->path,   &kept->raw_path, &kept->query,
                        &kept->root_path, &kept->client, &kept->server,   &kept->scheme};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        move(texts[i], &text);
    kept->headers = move_headers(headers, scope, &text);
    if (req->root_path.ptr == scope->root_path.ptr)
        req->root_path = kept->root_path;
    req->scope = kept;
    req->has_kept_scope = true;
    return CGW_OK;
}

int request_keep_scope(cgw_request *req)
{
    return req->has_kept_scope ? CGW_OK : request_do(req, keep_scope, req);
}

/* Public functions read through a pointer to const: keeping changes nothing that shows. */
static const struct cgw_scope *scope_of(const cgw_request *req)
{
    cgw_request *keeper = (cgw_request *)(uintptr_t)req;
    return request_keep_scope(keeper) == CGW_OK ? req->scope : &request_no_scope;
}

const struct cgw_scope *cgw_scope(const cgw_request *req)
{
    return scope_of(req);
}

const char *cgw_method(const cgw_request *req)
{
    return scope_of(req)->method.ptr;
}

const char *cgw_url_path(const cgw_request *req)
{
    return scope_of(req)->path.ptr;
}

const char *cgw_root_path(const cgw_request *req)
{
    return scope_of(req) == &request_no_scope ? "" : req->root_path.ptr;
}

const char *cgw_query_string(const cgw_request *req)
{
    return scope_of(req)->query.ptr;
}

const char *cgw_scheme(const cgw_request *req)
{
    return scope_of(req)->scheme.ptr;
}

const char *cgw_host(const cgw_request *req)
{
    const char *host = cgw_header((cgw_request *)(uintptr_t)req, "host");
    return host ? host : "";
}

const char *cgw_client(const cgw_request *req)
{
    return scope_of(req)->client.ptr;
}

uint16_t cgw_client_port(const cgw_request *req)
{
    return req->scope->client_port;
}

const char *cgw_route_path(const cgw_request *req)
{
    return req->route ? match_route_template(req->route).ptr : "";
}

struct cgw_call *cgw_request_call(cgw_request *req)
{
    return req->call;
}

/* ---- parameters of the path ---- */

static bool is_named(cgw_str name, const char *wanted, size_t len)
{
    return name.len == len && memcmp(name.ptr, wanted, len) == 0;
}

static cgw_str param(const cgw_request *req, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < req->n_params; i++)
        if (is_named(req->params[i].name, name, len))
            return req->params[i].value;
    return (cgw_str){"", 0};
}

const char *cgw__path(cgw_request *req, const char *name)
{
    return param(req, name).ptr;
}

int64_t cgw__path_i64(cgw_request *req, const char *name)
{
    return strtoll(param(req, name).ptr, NULL, 10);
}

struct ask {
    cgw_request *req;
    cgw_str text;
    double number;
};

/* Whatever the application's locale takes for a point. */
static int read_number(void *arg)
{
    struct ask *ask = arg;
    return ask->text.len && lax_text_number(ask->text, &ask->req->arena, &ask->number) == LAX_OK;
}

double cgw__path_f64(cgw_request *req, const char *name)
{
    struct ask ask = {req, param(req, name), 0};
    (void)request_do(req, read_number, &ask);
    return ask.number;
}

cgw_uuid cgw__path_uuid(cgw_request *req, const char *name)
{
    cgw_uuid uuid = {{0}};
    cgw_uuid none = {{0}};
    return cgw_uuid_parse(param(req, name), &uuid) == CGW_OK ? uuid : none;
}

/* ---- pairs: query, cookies, headers ---- */

static int parse_query(void *arg)
{
    cgw_request *req = arg;
    if (!req->has_query &&
        query_parse(&req->arena, req->scope->query, &req->query, &req->n_query) == CGW_OK)
        req->has_query = true;
    return CGW_OK;
}

void head_parse_query(cgw_request *req)
{
    if (!req->has_query)
        (void)request_do(req, parse_query, req);
}

static int parse_cookies(void *arg)
{
    cgw_request *req = arg;
    const struct cgw_scope *scope = req->scope;
    if (!req->has_cookies && cookie_parse(&req->arena, scope->headers, scope->n_headers,
                                          &req->cookies, &req->n_cookies) == CGW_OK)
        req->has_cookies = true;
    return CGW_OK;
}

void head_parse_cookies(cgw_request *req)
{
    if (!req->has_cookies)
        (void)request_do(req, parse_cookies, req);
}

struct mend {
    cgw_request *req;
    cgw_str text;
};

/* As the host mends what is no UTF-8. Without memory the text is as good as empty. */
static int mend_nul(void *arg)
{
    struct mend *mend = arg;
    struct buffer out = BUFFER_IN(&mend->req->arena);
    for (size_t i = 0; i < mend->text.len; i++) {
        if (mend->text.ptr[i])
            buffer_add_char(&out, mend->text.ptr[i]);
        else
            buffer_add_literal(&out, "\xef\xbf\xbd");
    }
    mend->text = buffer_text(&out);
    return CGW_OK;
}

/* C takes the first NUL for the end: a check would see less than was sent. */
const char *head_c_text(cgw_request *req, cgw_str text)
{
    struct mend mend = {req, text};
    if (!memchr(text.ptr, '\0', text.len))
        return text.ptr;
    (void)request_do(req, mend_nul, &mend);
    return mend.text.ptr ? mend.text.ptr : "";
}

const char *cgw_query(cgw_request *req, const char *name)
{
    size_t len = strlen(name);
    head_parse_query(req);
    for (size_t i = 0; i < req->n_query; i++)
        if (is_named(req->query[i].name, name, len))
            return head_c_text(req, req->query[i].value);
    return NULL;
}

/* Of several the last, as a model that .cookies binds has it. */
const char *cgw_cookie(cgw_request *req, const char *name)
{
    size_t len = strlen(name);
    head_parse_cookies(req);
    for (size_t i = req->n_cookies; i > 0; i--)
        if (is_named(req->cookies[i - 1].name, name, len))
            return req->cookies[i - 1].value.ptr;
    return NULL;
}

static cgw_strs new_list(cgw_request *req, size_t n)
{
    return (cgw_strs){n ? cgw_alloc(req, n * sizeof(cgw_string)) : NULL, 0};
}

cgw_strs cgw_query_all(cgw_request *req, const char *name)
{
    size_t n = 0, len = strlen(name);
    head_parse_query(req);
    for (size_t i = 0; i < req->n_query; i++)
        n += is_named(req->query[i].name, name, len);
    cgw_strs all = new_list(req, n);
    for (size_t i = 0; all.items && i < req->n_query; i++)
        if (is_named(req->query[i].name, name, len))
            all.items[all.len++] = head_c_text(req, req->query[i].value);
    return all;
}

static bool is_field(const struct cgw_header *header, const char *name, size_t len)
{
    return header->name.len == len && strncasecmp(header->name.ptr, name, len) == 0;
}

const char *cgw_header(cgw_request *req, const char *name)
{
    const struct cgw_scope *scope = scope_of(req);
    size_t len = strlen(name);
    for (size_t i = 0; i < scope->n_headers; i++)
        if (is_field(&scope->headers[i], name, len))
            return scope->headers[i].value.ptr;
    return NULL;
}

cgw_strs cgw_header_all(cgw_request *req, const char *name)
{
    const struct cgw_scope *scope = scope_of(req);
    size_t n = 0, len = strlen(name);
    for (size_t i = 0; i < scope->n_headers; i++)
        n += is_field(&scope->headers[i], name, len);
    cgw_strs all = new_list(req, n);
    for (size_t i = 0; all.items && i < scope->n_headers; i++)
        if (is_field(&scope->headers[i], name, len))
            all.items[all.len++] = scope->headers[i].value.ptr;
    return all;
}

/* ---- the worker and the client ---- */

static int ask_disconnected(void *arg)
{
    cgw_request *req = arg;
    const struct cgw_disconnect *table = req->application->disconnect;
    if (!req->is_disconnected && req->call && !req->is_ending && table)
        req->is_disconnected = table->is_disconnected(req->call);
    return req->is_disconnected;
}

bool cgw_is_disconnected(cgw_request *req)
{
    return task_on_loop(ask_disconnected, req) == 1;
}

static int ask_draining(void *arg)
{
    const cgw_request *req = arg;
    return req->application->is_draining;
}

bool cgw_is_draining(cgw_request *req)
{
    return task_on_loop(ask_draining, req) == 1;
}
