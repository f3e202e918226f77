/* Everything that does not need the file's bytes. What is prepared is sent behind the handler. */
#include "files/file_reply.h"
#include "files/disposition.h"
#include "files/file_send.h"
#include "files/mime.h"
#include "files/range.h"
#include "files/validator.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

/* It is in the request. */
static int made(cgw_reply reply)
{
    (void)reply;
    return CGW_OK;
}

static bool is_method(const cgw_request *req, const char *method)
{
    return strcmp(cgw_method(req), method) == 0;
}

/* Conditions and ranges are for what would be a 200 to GET or HEAD. */
static bool is_plain(const struct file_reply *recipe)
{
    const cgw_request *req = recipe->req;
    int status = recipe->options->status;
    if (status == 0)
        status = req->endpoint ? req->endpoint->status : 0;
    return (status == 0 || status == 200) && (is_method(req, "GET") || is_method(req, "HEAD"));
}

/* ---- fields ---- */

static int set(cgw_request *req, const char *name, const char *value)
{
    return value ? cgw_set_header(req, name, value) : CGW_OK;
}

static int set_disposition(const struct file_reply *recipe)
{
    const struct cgw_file_options *options = recipe->options;
    if (!options->filename)
        return CGW_OK;
    const char *value =
        disposition_write(&recipe->req->arena, options->filename, options->is_inline);
    return value ? cgw_set_header(recipe->req, "content-disposition", value) : CGW_ENOMEM;
}

static int set_length(cgw_request *req, uint64_t length)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRIu64, length);
    return cgw_set_header(req, "content-length", digits);
}

/* Those of a 304, too. */
static int set_fields(const struct file_reply *recipe, const struct validator *validator)
{
    cgw_request *req = recipe->req;
    int status = cgw_set_header(req, "etag", validator->etag);
    if (status == CGW_OK)
        status = cgw_set_header(req, "last-modified", validator->date);
    if (status == CGW_OK)
        status = set(req, "cache-control", recipe->options->cache_control);
    if (status == CGW_OK && recipe->vary)
        status = cgw_add_header(req, "vary", recipe->vary);
    return status;
}

static int set_content_fields(const struct file_reply *recipe)
{
    int status = set(recipe->req, "content-encoding", recipe->encoding);
    if (status == CGW_OK && is_plain(recipe))
        status = cgw_set_header(recipe->req, "accept-ranges", "bytes");
    return status == CGW_OK ? set_disposition(recipe) : status;
}

static int take_type(const struct file_reply *recipe, const char **ret_type)
{
    cgw_request *req = recipe->req;
    const char *type = recipe->options->content_type;
    if (type && !reply_is_value(type)) {
        cgw_log_level(req, CGW_LOG_ERROR, "cgw_file(): the content type has control characters");
        return CGW_EINVAL;
    }
    *ret_type = type ? arena_copy(&req->arena, type, strlen(type)) : mime_of(recipe->path).ptr;
    return *ret_type ? CGW_OK : CGW_ENOMEM;
}

/* ---- several ranges: RFC 9110, 14.6 ---- */

static bool make_boundary(char boundary[33])
{
    unsigned char bytes[16];
    if (getentropy(bytes, sizeof(bytes)) != 0)
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(boundary + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* The head of each part, and what it all comes to. 0: out of memory. */
static uint64_t write_heads(struct arena *arena, struct file_part *parts, size_t n,
                            const char *boundary, const char *type, uint64_t size)
{
    uint64_t length = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t last = parts[i].first + parts[i].count - 1;
        parts[i].head = arena_printf(arena,
                                     "%s--%s\r\ncontent-type: %s\r\ncontent-range: bytes %" PRIu64
                                     "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
                                     i ? "\r\n" : "", boundary, type, parts[i].first, last, size);
        if (!parts[i].head.ptr)
            return 0;
        length += parts[i].head.len + parts[i].count;
    }
    return length;
}

static int send_several(const struct file_reply *recipe, struct file_send *send,
                        struct file_part *parts, size_t n, const char **ret_type)
{
    char boundary[33];
    struct arena *arena = &recipe->req->arena;
    uint64_t size = (uint64_t)recipe->opened.info.st_size;
    if (!make_boundary(boundary))
        return CGW_EIO;
    uint64_t length = write_heads(arena, parts, n, boundary, *ret_type, size);
    send->end = arena_printf(arena, "\r\n--%s--\r\n", boundary);
    *ret_type = arena_printf(arena, "multipart/byteranges; boundary=%s", boundary).ptr;
    if (!length || !send->end.ptr || !*ret_type)
        return CGW_ENOMEM;
    return set_length(recipe->req, length + send->end.len);
}

static int send_one(const struct file_reply *recipe, const struct file_part *part)
{
    char text[80];
    snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, part->first,
             part->first + part->count - 1, (uint64_t)recipe->opened.info.st_size);
    int status = cgw_set_header(recipe->req, "content-range", text);
    return status == CGW_OK ? set_length(recipe->req, part->count) : status;
}

/* ---- the reply ---- */

/* The parts that ranges asks for, or all of the file. */
static struct file_part *copy_parts(struct arena *arena, const struct ranges *ranges, uint64_t size)
{
    size_t n = ranges->n ? ranges->n : 1;
    struct file_part *parts = arena_zalloc(arena, n * sizeof(*parts));
    if (!parts)
        return NULL;
    parts[0].count = size;
    for (size_t i = 0; i < ranges->n; i++)
        parts[i] =
            (struct file_part){.first = ranges->items[i].first, .count = ranges->items[i].count};
    return parts;
}

static int prepare_body(struct file_reply *recipe, const struct ranges *ranges)
{
    cgw_request *req = recipe->req;
    uint64_t size = (uint64_t)recipe->opened.info.st_size;
    struct file_send *send = arena_alloc(&req->arena, sizeof(*send));
    struct file_part *parts = copy_parts(&req->arena, ranges, size);
    const char *type;
    int status = take_type(recipe, &type);
    if (status != CGW_OK)
        return status;
    if (!send || !parts)
        return CGW_ENOMEM;
    file_send_init(send, recipe->opened.fd);
    send->parts = parts;
    status = set_content_fields(recipe);
    if (status == CGW_OK)
        status = ranges->n > 1    ? send_several(recipe, send, parts, ranges->n, &type)
                 : ranges->n == 1 ? send_one(recipe, parts)
                                  : set_length(req, size);
    if (status != CGW_OK)
        return status;
    if (!is_method(req, "HEAD") && size)
        send->n_parts = ranges->n ? ranges->n : 1;
    recipe->opened.fd = -1; /* the source's */
    int code = ranges->n ? 206 : recipe->options->status;
    return made(reply_prepare_source(req, code, type, &send->source));
}

static int refuse_range(struct file_reply *recipe, enum range_answer answer)
{
    char text[40];
    if (answer == RANGE_BAD)
        return made(cgw_fail(recipe->req, 400, "the Range field is no list of ranges of bytes"));
    snprintf(text, sizeof(text), "bytes */%" PRIu64, (uint64_t)recipe->opened.info.st_size);
    (void)made(cgw_fail(recipe->req, 416, "nothing of the file lies in that range"));
    return cgw_set_header(recipe->req, "content-range", text);
}

static enum range_answer ask_range(const struct file_reply *recipe,
                                   const struct validator *validator, struct ranges *ranges)
{
    const struct cgw_scope *scope = recipe->req->scope;
    const char *range = cgw_header(recipe->req, "range");
    if (!range || !is_plain(recipe) || !is_method(recipe->req, "GET") ||
        !validator_allows_range(validator, scope->headers, scope->n_headers))
        return RANGE_WHOLE;
    return range_parse((cgw_str){range, strlen(range)}, (uint64_t)recipe->opened.info.st_size,
                       ranges);
}

static int answer_file(struct file_reply *recipe, const struct validator *validator)
{
    struct ranges *ranges = arena_alloc(&recipe->req->arena, sizeof(*ranges));
    if (!ranges)
        return CGW_ENOMEM;
    enum range_answer answer = ask_range(recipe, validator, ranges);
    if (answer == RANGE_BAD || answer == RANGE_NONE)
        return refuse_range(recipe, answer);
    if (answer == RANGE_WHOLE)
        ranges->n = 0;
    int status = set_fields(recipe, validator);
    return status == CGW_OK ? prepare_body(recipe, ranges) : status;
}

static enum validator_answer ask(const struct file_reply *recipe, struct validator *validator)
{
    const struct stat *info = &recipe->opened.info;
    const struct cgw_scope *scope = recipe->req->scope;
    validator_init(validator, (uint64_t)info->st_size, info->st_mtim, time(NULL));
    if (recipe->encoding)
        validator_encode(validator, recipe->encoding);
    return is_plain(recipe) ? validator_ask(validator, scope->headers, scope->n_headers)
                            : VALIDATOR_SEND;
}

static int answer(struct file_reply *recipe)
{
    cgw_request *req = recipe->req;
    struct validator validator;
    reply_forget_source(req); /* of a file that was not sent, either */
    enum validator_answer asked = ask(recipe, &validator);
    if (asked == VALIDATOR_SEND)
        return answer_file(recipe, &validator);
    if (asked == VALIDATOR_MISMATCH)
        return made(cgw_fail(req, 412, "the file is another one by now"));
    int status = set_fields(recipe, &validator);
    return status == CGW_OK ? made(reply_prepare(req, 304, NULL, (cgw_str){"", 0})) : status;
}

static int prepare(void *arg)
{
    struct file_reply *recipe = arg;
    int status = recipe->req->reply.state > REPLY_WHOLE ? CGW_OK : answer(recipe);
    if (recipe->opened.fd >= 0)
        close(recipe->opened.fd);
    return status == CGW_OK ? status : made(file_reply_error(recipe->req, status, recipe->site));
}

cgw_reply file_reply(struct file_reply *recipe)
{
    return reply_do(recipe->req, prepare, recipe);
}

cgw_reply file_reply_error(cgw_request *req, int code, const struct cgw_site *site)
{
    if (code == -EACCES)
        return cgw_fail(req, 403, "Forbidden");
    if (code != -EMFILE && code != -ENFILE && code != CGW_ENOMEM)
        return cgw__error(req, code, site);
    cgw_log_level(req, CGW_LOG_ERROR, "a file is not sent: %s", cgw_strerror(code));
    return cgw__error(req, CGW_EBUSY, site);
}

/* ---- cgw_file() ---- */

cgw_reply cgw__file(cgw_request *req, const char *path, struct cgw_file_options options,
                    const struct cgw_site *site)
{
    struct file_reply recipe = {.req = req, .path = path, .options = &options, .site = site};
    int status = !path             ? CGW_EINVAL
                 : options.beneath ? opened_open_in(options.beneath, path, site, &recipe.opened)
                                   : opened_open(NULL, path, site, &recipe.opened);
    if (status == CGW_OK && S_ISDIR(recipe.opened.info.st_mode)) {
        close(recipe.opened.fd);
        status = CGW_ENOENT;
    }
    return status == CGW_OK ? file_reply(&recipe) : file_reply_error(req, status, site);
}
