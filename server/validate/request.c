/* Requests as tables, and the scope that a host would build of each. */
#include "validate/request.h"
#include "base/mem.h"
#include "validate/memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LONG_PATH_BYTES 8000

static char long_path[LONG_PATH_BYTES];

#define S(literal)                     \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
#define SAME(path_) .path = S(path_), .raw_path = S(path_)

static const struct request standard[] = {
    {.label = "GET /", .method = S("GET"), SAME("/"), .is_basic = true},
    {.label = "POST / with 5 bytes",
     .method = S("POST"),
     SAME("/"),
     .has_body = true,
     .body_bytes = 5,
     .is_basic = true},
    {.label = "POST / with 1 MiB",
     .method = S("POST"),
     SAME("/"),
     .has_body = true,
     .body_bytes = 1u << 20,
     .is_basic = true},
    {.label = "POST / with no byte", .method = S("POST"), SAME("/"), .has_body = true},
    {.label = "POST / chunked",
     .method = S("POST"),
     SAME("/"),
     .has_body = true,
     .is_chunked = true,
     .body_bytes = 100},
    {.label = "PUT / with 5 bytes",
     .method = S("PUT"),
     SAME("/"),
     .has_body = true,
     .body_bytes = 5},
    {.label = "DELETE /", .method = S("DELETE"), SAME("/")},
    {.label = "HEAD /", .method = S("HEAD"), SAME("/"), .is_basic = true},
    {.label = "GET /missing", .method = S("GET"), SAME("/missing")},
    {.label = "GET /?a=1&b=%00", .method = S("GET"), SAME("/"), .query = S("a=1&b=%00")},
    {.label = "GET / of HTTP/1.0", .method = S("GET"), SAME("/"), .is_old = true},
    {.label = "M-SEARCH *", .method = S("M-SEARCH"), SAME("*")},
    {.label = "OPTIONS *", .method = S("OPTIONS"), SAME("*")},
    {.label = "GET /a%00b", .method = S("GET"), .path = S("/a\0b"), .raw_path = S("/a%00b")},
    {.label = "GET /%c0", .method = S("GET"), .path = S("/\xef\xbf\xbd"), .raw_path = S("/%c0")},
    {.label = "GET /../../etc/passwd", .method = S("GET"), SAME("/../../etc/passwd")},
    {.label = "GET / with 99 fields", .method = S("GET"), SAME("/"), .n_fields = 95},
    {.label = "GET of a path of 8000 bytes",
     .method = S("GET"),
     .path = {long_path, LONG_PATH_BYTES},
     .raw_path = {long_path, LONG_PATH_BYTES}},
};
#define N_STANDARD (sizeof standard / sizeof standard[0])

const struct request request_lifespan = {.label = "lifespan", .is_lifespan = true};
const struct request request_websocket = {.label = "websocket /", SAME("/"), .is_websocket = true};

static struct request *added;
static size_t n_added;

const struct request *request_get(unsigned i)
{
    if (!long_path[0]) {
        memset(long_path, 'x', sizeof long_path);
        long_path[0] = '/';
    }
    if (i < N_STANDARD)
        return &standard[i];
    return i - N_STANDARD < n_added ? &added[i - N_STANDARD] : NULL;
}

/* ---- --request ---- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decode in place; what is no escape stays. */
static size_t decode(char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++, n++) {
        int high = text[i] == '%' && i + 2 < len ? hex(text[i + 1]) : -1;
        int low = high >= 0 ? hex(text[i + 2]) : -1;
        text[n] = low >= 0 ? (char)(high * 16 + low) : text[i];
        if (low >= 0)
            i += 2;
    }
    return n;
}

/* Up to the next blank, or all. */
static struct str take_word(const char **text)
{
    size_t n = strcspn(*text, " ");
    struct str word = {*text, n};
    *text += n + ((*text)[n] == ' ');
    return word;
}

int request_add(const char *text)
{
    struct request request = {.label = text, .is_basic = true};
    request.method = take_word(&text);
    struct str target = take_word(&text);
    if (request.method.len == 0 || target.len == 0 ||
        (target.ptr[0] != '/' && target.ptr[0] != '*'))
        return -EINVAL;
    const char *mark = memchr(target.ptr, '?', target.len);
    request.raw_path = (struct str){target.ptr, mark ? (size_t)(mark - target.ptr) : target.len};
    if (mark)
        request.query = (struct str){mark + 1, target.len - request.raw_path.len - 1};
    request.body_bytes = strlen(text);
    request.has_body = request.body_bytes > 0;
    request.body = text;
    char *path = mem_alloc(request.raw_path.len);
    struct request *more = path ? mem_realloc(added, (n_added + 1) * sizeof *added) : NULL;
    if (!more) {
        mem_free(path);
        return -ENOMEM;
    }
    memcpy(path, request.raw_path.ptr, request.raw_path.len);
    request.path = (struct str){path, decode(path, request.raw_path.len)};
    added = more;
    added[n_added++] = request;
    return 0;
}

/* ---- the scope ---- */

struct builder {
    char *next;
};

/* A copy with a NUL behind it. */
static struct cgw_str copy(struct builder *b, struct str s)
{
    char *p = b->next;
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = 0;
    b->next = p + s.len + 1;
    return (struct cgw_str){p, s.len};
}

static void add_field(struct builder *b, struct cgw_header *fields, size_t *n, const char *name,
                      const char *value)
{
    fields[*n].name = copy(b, str_from(name));
    fields[*n].value = copy(b, str_from(value));
    ++*n;
}

static size_t add_fields(struct builder *b, const struct request *request,
                         struct cgw_header *fields)
{
    size_t n = 0;
    char number[24];
    add_field(b, fields, &n, "host", "example.org");
    add_field(b, fields, &n, "user-agent", "cgw-validate");
    add_field(b, fields, &n, "te", "trailers");
    snprintf(number, sizeof number, "%zu", request->body_bytes);
    if (request->is_chunked)
        add_field(b, fields, &n, "transfer-encoding", "chunked");
    else if (request->has_body)
        add_field(b, fields, &n, "content-length", number);
    if (request->has_body && request->body && strchr("{[", request->body[0]))
        add_field(b, fields, &n, "content-type", "application/json");
    for (unsigned i = 0; i < request->n_fields; i++) {
        snprintf(number, sizeof number, "value %u", i);
        add_field(b, fields, &n, "x-many", number);
    }
    return n;
}

static void fill_common(struct cgw_scope *scope, struct builder *b, const struct request *request)
{
    scope->spec_version = copy(b, STR("2.5"));
    scope->scheme = copy(b, request->is_websocket ? STR("ws") : STR("http"));
    scope->http_major = 1;
    scope->http_minor = request->is_old ? 0 : 1;
    scope->method = copy(b, request->method);
    scope->path = copy(b, request->path);
    scope->raw_path = copy(b, request->raw_path);
    scope->query = copy(b, request->query);
    scope->root_path = copy(b, STR(""));
    scope->client = copy(b, STR("192.0.2.1"));
    scope->server = copy(b, STR("192.0.2.2"));
    scope->client_port = 40000;
    scope->server_port = 80;
}

const struct cgw_scope *request_scope(const struct request *request, void *state)
{
    size_t room = sizeof(struct cgw_scope) + (request->n_fields + 8) * sizeof(struct cgw_header) +
                  2 * sizeof(struct cgw_str) + request->method.len + request->path.len +
                  request->raw_path.len + request->query.len + request->n_fields * 32 + 1024;
    struct cgw_scope *scope = memory_new(MEMORY_SCOPE, room);
    if (!scope)
        return NULL;
    struct cgw_header *fields = (struct cgw_header *)(scope + 1);
    struct cgw_str *protocols = (struct cgw_str *)(fields + request->n_fields + 8);
    struct builder b = {(char *)(protocols + 2)};
    scope->size = sizeof *scope;
    scope->type = request->is_lifespan    ? CGW_SCOPE_LIFESPAN
                  : request->is_websocket ? CGW_SCOPE_WEBSOCKET
                                          : CGW_SCOPE_HTTP;
    scope->asgi_version = copy(&b, STR("3.0"));
    scope->spec_version = copy(&b, STR("2.0"));
    scope->state = state;
    if (!request->is_lifespan) {
        fill_common(scope, &b, request);
        scope->headers = fields;
        scope->n_headers = request->is_old ? 0 : add_fields(&b, request, fields);
    }
    if (request->is_websocket) {
        protocols[0] = copy(&b, STR("chat"));
        scope->subprotocols = protocols;
        scope->n_subprotocols = 1;
    }
    memory_seal(scope);
    return scope;
}
