/*
 * Whole replies: kept in the request, in its memory, until they go out as one send. What a handler
 * makes twice is kept once, the last; its fields stay with the request.
 */
#include "web/application.h"
#include "web/cookie.h"
#include <string.h>
#include <strings.h>

#define TEXT "text/plain; charset=utf-8"
#define HTML "text/html; charset=utf-8"
#define JSON "application/json"

/* What is to be made; for request_do(). */
struct recipe {
    cgw_request *req;
    int status;
    const char *content_type;
    const char *format;
    va_list *args;
    cgw_str bytes;
    const cgw_model *model;
    const void *object; /* or n of them */
    size_t n;
};

static int make_nothing(void *arg)
{
    (void)arg;
    return CGW_OK;
}

cgw_reply cgw_done(cgw_request *req)
{
    return reply_do(req, make_nothing, NULL);
}

static int status_of(cgw_request *req, int status)
{
    const struct cgw_endpoint *endpoint = req->endpoint;
    if (status == 0)
        return endpoint && endpoint->status ? endpoint->status : 200;
    if (status >= 200 && status <= 999)
        return status;
    cgw_log_level(req, CGW_LOG_ERROR, "a reply has the status %d, which is none", status);
    return 500;
}

static void drop(cgw_request *req, const char *name);

cgw_reply reply_prepare(cgw_request *req, int status, const char *content_type, cgw_str body)
{
    struct reply *reply = &req->reply;
    if (reply->state > REPLY_WHOLE)
        return reply_now(req);
    reply_forget_source(req);
    if (reply->is_redirect)
        drop(req, "location");
    reply->is_redirect = false;
    reply->state = REPLY_WHOLE;
    reply->status = status_of(req, status);
    reply->content_type = content_type;
    reply->body = body;
    reply->cause.status = 0;
    return reply_now(req);
}

/* It is in the request. */
static int made(cgw_reply reply)
{
    (void)reply;
    return CGW_OK;
}

/* Prepare what was made, or the error where it was not. */
static int take(const struct recipe *recipe, cgw_str body)
{
    if (!body.ptr)
        return made(cgw_error(recipe->req, CGW_ENOMEM));
    return made(reply_prepare(recipe->req, recipe->status, recipe->content_type, body));
}

/* The handler's own fault, or its memory was out when it made what it hands over. */
static cgw_reply refuse(cgw_request *req, const char *function, const char *what)
{
    cgw_log_level(req, CGW_LOG_ERROR, "%s(): %s", function, what);
    return failure_prepare(req, 500, 0, "", (cgw_str){NULL, 0});
}

/* ---- text and bytes ---- */

/* Most formats of whole texts format nothing. */
static cgw_str print(const struct recipe *recipe)
{
    struct arena *arena = &recipe->req->arena;
    const char *end = strchrnul(recipe->format, '%');
    if (*end)
        return arena_vprintf(arena, recipe->format, *recipe->args);
    size_t len = (size_t)(end - recipe->format);
    return (cgw_str){arena_copy(arena, recipe->format, len), len};
}

static int make_text(void *arg)
{
    const struct recipe *recipe = arg;
    return take(recipe, print(recipe));
}

cgw_reply cgw_text(cgw_request *req, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct recipe recipe = {req, status, TEXT, .format = format, .args = &args};
    cgw_reply reply = reply_do(req, make_text, &recipe);
    va_end(args);
    return reply;
}

cgw_reply cgw_html(cgw_request *req, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct recipe recipe = {req, status, HTML, .format = format, .args = &args};
    cgw_reply reply = reply_do(req, make_text, &recipe);
    va_end(args);
    return reply;
}

static int make_bytes(void *arg)
{
    struct recipe *recipe = arg;
    struct arena *arena = &recipe->req->arena;
    const char *type = recipe->content_type;
    if (type && !(recipe->content_type = arena_copy(arena, type, strlen(type))))
        return take(recipe, (cgw_str){NULL, 0});
    return take(recipe, (cgw_str){arena_copy(arena, recipe->bytes.ptr, recipe->bytes.len),
                                  recipe->bytes.len});
}

cgw_reply cgw_bytes(cgw_request *req, int status, const char *content_type, cgw_str body)
{
    if (content_type && !reply_is_value(content_type))
        return refuse(req, "cgw_bytes", "the content type has control characters");
    struct recipe recipe = {req, status, content_type, .bytes = body};
    return reply_do(req, make_bytes, &recipe);
}

static int lend_bytes(void *arg)
{
    const struct recipe *recipe = arg;
    return take(recipe, recipe->bytes.ptr ? recipe->bytes : (cgw_str){"", 0});
}

cgw_reply cgw_bytes_lent(cgw_request *req, int status, const char *content_type, cgw_str body)
{
    if (content_type && !reply_is_value(content_type))
        return refuse(req, "cgw_bytes_lent", "the content type has control characters");
    struct recipe recipe = {req, status, content_type, .bytes = body};
    return reply_do(req, lend_bytes, &recipe);
}

cgw_reply cgw_json_text(cgw_request *req, int status, cgw_str json)
{
    return json.ptr ? cgw_bytes(req, status, JSON, json)
                    : refuse(req, "cgw_json_text", "the text is NULL");
}

cgw_reply cgw_empty(cgw_request *req, int status)
{
    return cgw_bytes_lent(req, status, NULL, (cgw_str){"", 0});
}

/* ---- redirects ---- */

/* All that a URL may have stays, and so do its escapes: RFC 3986, 2. */
static bool stays(unsigned char c)
{
    return c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c);
}

static int make_redirect(void *arg)
{
    const struct recipe *recipe = arg;
    struct buffer out = BUFFER_IN(&recipe->req->arena);
    for (const char *c = recipe->format; *c; c++) {
        if (stays((unsigned char)*c))
            buffer_add_char(&out, *c);
        else
            buffer_printf(&out, "%%%02X", (unsigned char)*c);
    }
    cgw_str location = buffer_text(&out);
    int status = take(recipe, (cgw_str){location.ptr ? "" : NULL, 0});
    if (!location.ptr)
        return status;
    if (cgw_set_header(recipe->req, "location", location.ptr) == CGW_OK)
        recipe->req->reply.is_redirect = true;
    else
        status = made(cgw_error(recipe->req, CGW_ENOMEM));
    return status;
}

cgw_reply cgw_redirect(cgw_request *req, int status, const char *location)
{
    bool is_known = status == 301 || status == 302 || status == 303 || status == 308;
    if (!location)
        return refuse(req, "cgw_redirect", "the location is NULL");
    struct recipe recipe = {req, is_known ? status : 307, .format = location};
    return reply_do(req, make_redirect, &recipe);
}

/* ---- JSON ---- */

static const struct cgw_site *site_of(const cgw_request *req, struct cgw_site *site)
{
    const struct cgw_endpoint *endpoint = req->endpoint;
    if (endpoint)
        *site = (struct cgw_site){endpoint->file, endpoint->function, endpoint->line};
    return endpoint ? site : NULL;
}

static int take_json(const struct recipe *recipe, struct buffer *out)
{
    struct cgw_site site;
    cgw_str text = buffer_text(out);
    if (text.ptr)
        return take(recipe, text);
    return made(cgw__error(recipe->req, out->status, site_of(recipe->req, &site)));
}

static int make_json(void *arg)
{
    const struct recipe *recipe = arg;
    struct buffer out = BUFFER_IN(&recipe->req->arena);
    recipe->model->code->encode(recipe->model, recipe->object, &out);
    return take_json(recipe, &out);
}

cgw_reply cgw__json(cgw_request *req, int status, const cgw_model *model, const void *object)
{
    if (!object)
        return refuse(req, "cgw_json", "the object is NULL");
    struct recipe recipe = {req, status, JSON, .model = model, .object = object};
    return reply_do(req, make_json, &recipe);
}

/* In one go, and without suspending: whoever owns the items may change them as soon as others run.
 */
static int make_list(void *arg)
{
    const struct recipe *recipe = arg;
    struct buffer out = BUFFER_IN(&recipe->req->arena);
    const char *item = recipe->object;
    buffer_add_char(&out, '[');
    for (size_t i = 0; i < recipe->n && out.status == CGW_OK; i++, item += recipe->model->size) {
        if (i)
            buffer_add_char(&out, ',');
        recipe->model->code->encode(recipe->model, item, &out);
    }
    buffer_add_char(&out, ']');
    return take_json(recipe, &out);
}

cgw_reply cgw__json_list(cgw_request *req, int status, const cgw_model *model, const void *items,
                         size_t n)
{
    if (n && !items)
        return refuse(req, "cgw_json_list", "the items are NULL");
    struct recipe recipe = {req, status, JSON, .model = model, .object = items, .n = n};
    return reply_do(req, make_list, &recipe);
}

/* ---- fields ---- */

static bool is_token(const char *s)
{
    for (const char *c = s; *c; c++)
        if (*c <= ' ' || *c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", *c))
            return false;
    return *s;
}

bool reply_is_value(const char *s)
{
    for (; *s; s++)
        if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
            return false;
    return true;
}

static bool is_named(const struct cgw_header *header, const char *name, size_t len)
{
    return header->name.len == len && strncasecmp(header->name.ptr, name, len) == 0;
}

static const struct cgw_header *find(const cgw_request *req, const char *name)
{
    const struct reply *reply = &req->reply;
    for (size_t i = 0; reply->headers && i < reply->n_headers; i++)
        if (is_named(&reply->headers[i], name, strlen(name)))
            return &reply->headers[i];
    return NULL;
}

static void drop(cgw_request *req, const char *name)
{
    struct reply *reply = &req->reply;
    size_t kept = 0, len = strlen(name);
    for (size_t i = 0; i < reply->n_headers; i++)
        if (!is_named(&reply->headers[i], name, len))
            reply->headers[kept++] = reply->headers[i];
    reply->n_headers = kept;
}

void reply_drop_content(cgw_request *req)
{
    struct reply *reply = &req->reply;
    size_t kept = 0;
    for (size_t i = 0; i < reply->n_headers; i++) {
        const struct cgw_header *header = &reply->headers[i];
        bool is_content = header->name.len > 8 && strncasecmp(header->name.ptr, "content-", 8) == 0;
        if (!is_content && !is_named(header, "etag", 4) && !is_named(header, "last-modified", 13))
            reply->headers[kept++] = *header;
    }
    reply->n_headers = kept;
}

/* Room for one more, and the two that sending adds. */
static bool make_room(cgw_request *req)
{
    struct reply *reply = &req->reply;
    if (reply->n_headers + 3 <= reply->room)
        return true;
    size_t room = reply->room ? 2 * reply->room : 8;
    struct cgw_header *headers = arena_grow(
        &req->arena, reply->headers, reply->room * sizeof(*headers), room * sizeof(*headers));
    if (!headers)
        return false;
    reply->headers = headers;
    reply->room = room;
    return true;
}

struct field {
    cgw_request *req;
    const char *name, *value;
    bool is_set;
};

static int refuse_field(const struct field *field, const char *fault)
{
    cgw_log_level(field->req, CGW_LOG_ERROR, "the field %s was not added: %s", field->name, fault);
    return CGW_EINVAL;
}

static int add_field(void *arg)
{
    const struct field *field = arg;
    cgw_request *req = field->req;
    if (req->has_begun)
        return refuse_field(field, "the response has begun already");
    size_t name_len = strlen(field->name), value_len = strlen(field->value);
    char *name = arena_copy(&req->arena, field->name, name_len);
    char *value = arena_copy(&req->arena, field->value, value_len);
    if (!name || !value || !make_room(req))
        return CGW_ENOMEM;
    if (field->is_set)
        drop(req, name);
    req->reply.headers[req->reply.n_headers++] =
        (struct cgw_header){{name, name_len}, {value, value_len}};
    return CGW_OK;
}

static int check_field(const struct field *field)
{
    const char *fault = NULL;
    if (!is_token(field->name))
        fault = "its name is no token";
    else if (!field->value)
        fault = "its value is NULL";
    else if (!reply_is_value(field->value))
        fault = "its value has control characters";
    return fault ? refuse_field(field, fault) : CGW_OK;
}

static int put_field(cgw_request *req, const char *name, const char *value, bool is_set)
{
    struct field field = {req, name, value, is_set};
    int status = check_field(&field);
    return status == CGW_OK ? request_do(req, add_field, &field) : status;
}

int cgw_add_header(cgw_request *req, const char *name, const char *value)
{
    return put_field(req, name, value, false);
}

int cgw_set_header(cgw_request *req, const char *name, const char *value)
{
    return put_field(req, name, value, true);
}

struct cookie {
    cgw_request *req;
    const char *name, *value;
    const struct cgw_cookie_options *options;
};

static int add_cookie(void *arg)
{
    const struct cookie *cookie = arg;
    struct buffer out = BUFFER_IN(&cookie->req->arena);
    cookie_write(&out, cookie->name, cookie->value, cookie->options);
    cgw_str text = buffer_text(&out);
    return text.ptr ? cgw_add_header(cookie->req, "set-cookie", text.ptr) : CGW_ENOMEM;
}

int cgw__set_cookie(cgw_request *req, const char *name, const char *value,
                    struct cgw_cookie_options options)
{
    struct cookie cookie = {req, name, value, &options};
    const char *fault = cookie_fault(name, value, &options);
    if (!fault)
        return request_do(req, add_cookie, &cookie);
    cgw_log_level(req, CGW_LOG_ERROR, "the cookie %s was not set: %s", name, fault);
    return CGW_EINVAL;
}

int cgw_reply_status(const cgw_request *req)
{
    return req->reply.state == REPLY_NONE ? 0 : req->reply.status;
}

const char *cgw_reply_header(cgw_request *req, const char *name)
{
    const struct cgw_header *header = find(req, name);
    if (header)
        return header->value.ptr;
    return strcasecmp(name, "content-type") == 0 ? req->reply.content_type : NULL;
}

bool cgw_reply_has_begun(const cgw_request *req)
{
    return req->has_begun;
}

/* ---- out ---- */

struct cgw_header *reply_fields(cgw_request *req, struct cgw_header few[2], size_t *ret_n)
{
    const struct reply *reply = &req->reply;
    struct cgw_header *headers = reply->headers ? reply->headers : few;
    size_t n = reply->n_headers;
    if (reply->content_type && !find(req, "content-type"))
        headers[n++] = (struct cgw_header){CGW_STR("content-type"),
                                           {reply->content_type, strlen(reply->content_type)}};
    *ret_n = n;
    return headers;
}

static size_t write_length(char digits[20], size_t len)
{
    size_t at = 20;
    do
        digits[--at] = (char)('0' + len % 10);
    while (len /= 10);
    return at;
}

static bool has_length(const cgw_request *req)
{
    int status = req->reply.status;
    return status != 204 && status != 304 && !find(req, "content-length");
}

int reply_send(cgw_request *req)
{
    struct cgw_header few[2];
    char digits[20];
    size_t n;
    struct cgw_site place;
    struct reply *reply = &req->reply;
    struct cgw_header *headers = reply_fields(req, few, &n);
    if (reply->source)
        return reply_send_source(req, headers, n, site_of(req, &place));
    if (has_length(req)) {
        size_t at = write_length(digits, reply->body.len);
        headers[n++] = (struct cgw_header){CGW_STR("content-length"), {digits + at, 20 - at}};
    }
    const struct cgw_event events[] = {
        {.type = CGW_HTTP_RESPONSE_START,
         .size = sizeof(*events),
         .u.start = {headers, n, (uint16_t)reply->status}},
        {.type = CGW_HTTP_RESPONSE_BODY,
         .size = sizeof(*events),
         .u.bodyv = {&reply->body, reply->body.len != 0}},
    };
    const struct cgw_site *site = site_of(req, &place);
    reply->state = REPLY_SENDING;
    return req->layers ? cgw__send(req, events, 2, site) : channel_send(req, events, 2, site);
}
