/*
 * files: serves the folder CGW_FILES_ROOT [.] by cgw.file/1, so that its bytes never pass through
 * here.
 *
 *   CGW_FILES_ROOT=/var/www cgw-serve files.so
 *   curl -r 0-99 http://127.0.0.1:8000/index.html
 *
 * GET and HEAD; type by extension, ETag and Last-Modified with all conditions, one range. A folder
 * is its index.html. Names that begin with a dot, links to such, and links that lead out of the
 * folder, are not there.
 *
 * open() and fstat() run on the loop although they may wait for a disk: for a file that is served
 * more than once its name is in the kernel's cache and they take a microsecond, while a hop to the
 * thread pool and back would cost every request two.
 */
#include "life.h"
#include "mime.h"
#include "range.h"
#include "root.h"
#include "validator.h"
#include <cgw/abi.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reply {
    struct cgw_call *call;
    int fd; /* what is served: ours, lent to the host until its send() is done; -1: nothing */
    struct stat info;
    struct validator validator;
    struct cgw_event out[2];
    struct cgw_header headers[8];
    size_t n_headers;
    struct cgw_str body;
    char length[24], range[80]; /* content-length and content-range as text */
};

/* ---- sending ---- */

static void done(struct cgw_call *call, int status, void *arg)
{
    struct reply *reply = arg;
    if (reply->fd >= 0)
        close(reply->fd);
    call->host->finish(call, status);
}

static struct cgw_str str(const char *text)
{
    return (struct cgw_str){text, strlen(text)};
}

static void header(struct reply *reply, const char *name, struct cgw_str value)
{
    reply->headers[reply->n_headers++] = (struct cgw_header){str(name), value};
}

static void length(struct reply *reply, uint64_t bytes)
{
    snprintf(reply->length, sizeof(reply->length), "%llu", (unsigned long long)bytes);
    header(reply, "content-length", str(reply->length));
}

static bool is_method(const struct reply *reply, const char *method)
{
    struct cgw_str given = reply->call->scope->method;
    return given.len == strlen(method) && memcmp(given.ptr, method, given.len) == 0;
}

/* The head that was gathered, and one event of the body. */
static void send(struct reply *reply, unsigned status, struct cgw_event body)
{
    struct cgw_call *call = reply->call;
    reply->out[0] = cgw_event_start((uint16_t)status, reply->headers, reply->n_headers);
    reply->out[1] = body;
    int answer = call->host->send(call, reply->out, 2, done, reply);
    if (answer != CGW_PENDING)
        done(call, answer, reply);
}

/* A line of text for what is not a file. HEAD has the head of it only. */
static void say(struct reply *reply, unsigned status, const char *text)
{
    reply->body = str(text);
    header(reply, "content-type", str("text/plain"));
    length(reply, reply->body.len);
    if (is_method(reply, "HEAD"))
        reply->body.len = 0;
    send(reply, status, cgw_event_body(&reply->body, 1, 0));
}

static void send_nothing(struct reply *reply, unsigned status)
{
    send(reply, status, cgw_event_body(NULL, 0, 0));
}

/* ---- a file ---- */

static void send_bytes(struct reply *reply, unsigned status, uint64_t first, uint64_t count)
{
    struct cgw_event event = {.type = CGW_HTTP_RESPONSE_FILE, .size = sizeof(event)};
    event.u.file.fd = reply->fd;
    event.u.file.offset = first;
    event.u.file.count = count;
    length(reply, count);
    if (is_method(reply, "HEAD") || count == 0)
        send_nothing(reply, status);
    else
        send(reply, status, event);
}

/* RFC 9110, 14.2: a Range is for GET only, and If-Range may void it. */
static enum range_answer range_of(const struct reply *reply, uint64_t size, struct range *ret_part)
{
    const struct cgw_scope *scope = reply->call->scope;
    if (!is_method(reply, "GET") ||
        !validator_allows_range(&reply->validator, scope->headers, scope->n_headers))
        return RANGE_WHOLE;
    for (size_t i = 0; i < scope->n_headers; i++)
        if (scope->headers[i].name.len == 5 && memcmp(scope->headers[i].name.ptr, "range", 5) == 0)
            return range_parse(scope->headers[i].value, size, ret_part);
    return RANGE_WHOLE;
}

static void send_range(struct reply *reply, uint64_t size)
{
    struct range part = {0, size};
    enum range_answer answer = range_of(reply, size, &part);
    header(reply, "accept-ranges", str("bytes"));
    if (answer == RANGE_NONE) {
        snprintf(reply->range, sizeof(reply->range), "bytes */%llu", (unsigned long long)size);
        header(reply, "content-range", str(reply->range));
        length(reply, 0);
        send_nothing(reply, 416);
        return;
    }
    if (answer == RANGE_PART) {
        snprintf(reply->range, sizeof(reply->range), "bytes %llu-%llu/%llu",
                 (unsigned long long)part.first, (unsigned long long)(part.first + part.count - 1),
                 (unsigned long long)size);
        header(reply, "content-range", str(reply->range));
    }
    send_bytes(reply, answer == RANGE_PART ? 206 : 200, part.first, part.count);
}

static void send_file(struct reply *reply, const char *path)
{
    const struct cgw_scope *scope = reply->call->scope;
    uint64_t size = (uint64_t)reply->info.st_size;
    validator_init(&reply->validator, size, reply->info.st_mtim, time(NULL));
    enum validator_answer answer =
        validator_ask(&reply->validator, scope->headers, scope->n_headers);
    if (answer == VALIDATOR_MISMATCH) {
        say(reply, 412, "the file is another one by now\n");
        return;
    }
    header(reply, "etag", str(reply->validator.etag));
    header(reply, "last-modified", str(reply->validator.date));
    if (answer == VALIDATOR_SAME) {
        send_nothing(reply, 304);
        return;
    }
    header(reply, "content-type", mime_of(path));
    send_range(reply, size);
}

/* ---- finding it ---- */

/* What open() says, as a client may know it. */
static void send_error(struct reply *reply, int error)
{
    static const char text[] = "files: a descriptor or memory is missing";
    struct cgw_call *call = reply->call;
    if (error == -EACCES || error == -EPERM) {
        say(reply, 403, "not for you\n");
    } else if (error == -EMFILE || error == -ENFILE || error == -ENOMEM) {
        call->host->log(call, CGW_LOG_ERROR, text, sizeof(text) - 1);
        header(reply, "retry-after", str("1"));
        say(reply, 503, "too busy\n");
    } else if (error == -EIO) {
        say(reply, 500, "it cannot be read\n");
    } else {
        say(reply, 404, "not here\n");
    }
}

/* 0, or a negative errno: what is neither file nor folder counts as absent. */
static int open_path(struct reply *reply, const char *path)
{
    const struct root *root = reply->call->scope->state;
    int fd = root_open_beneath(root, path);
    if (fd < 0)
        return fd;
    reply->fd = fd;
    if (fstat(fd, &reply->info) < 0)
        return -errno;
    return S_ISREG(reply->info.st_mode) || S_ISDIR(reply->info.st_mode) ? 0 : -ENOENT;
}

/* raw_path with its backslashes encoded: browsers take one for a slash, and "/\\host" for a host.
 */
static size_t put_path(char *dst, struct cgw_str path)
{
    char *at = dst;
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '\\') {
            memcpy(at, "%5C", 3);
            at += 3;
        } else {
            *at++ = path.ptr[i];
        }
    }
    return (size_t)(at - dst);
}

/* Where the same lies with a slash behind it: raw_path, as the client wrote it. */
static void redirect(struct reply *reply)
{
    const struct cgw_scope *scope = reply->call->scope;
    size_t max = 3 * scope->raw_path.len + scope->query.len + 3;
    char *to = reply->call->host->alloc(reply->call, max);
    if (!to) {
        send_error(reply, -ENOMEM);
        return;
    }
    size_t len = put_path(to, scope->raw_path);
    len += (size_t)snprintf(to + len, max - len, "/%s%.*s", scope->query.len ? "?" : "",
                            (int)scope->query.len, scope->query.ptr);
    header(reply, "location", (struct cgw_str){to, len});
    say(reply, 301, "a slash is missing\n");
}

static void send_index(struct reply *reply, const char *folder)
{
    size_t len = strlen(folder);
    char *path = reply->call->host->alloc(reply->call, len + sizeof("index.html"));
    if (!path) {
        send_error(reply, -ENOMEM);
        return;
    }
    memcpy(path, folder, len);
    memcpy(path + len, "index.html", sizeof("index.html"));
    close(reply->fd);
    reply->fd = -1;
    int error = open_path(reply, path);
    if (error == 0 && S_ISDIR(reply->info.st_mode))
        error = -ENOENT;
    if (error < 0)
        send_error(reply, error);
    else
        send_file(reply, path);
}

static void send_path(struct reply *reply, const char *path)
{
    size_t len = strlen(path);
    int error = open_path(reply, path);
    if (error < 0)
        send_error(reply, error);
    else if (S_ISREG(reply->info.st_mode))
        send_file(reply, path);
    else if (len > 0 && path[len - 1] != '/')
        redirect(reply);
    else
        send_index(reply, path);
}

/* The part behind root_path and a slash; NULL where it can name nothing. It has been decoded once,
   so that a "%2f" is a slash by now, and is never decoded again. */
static const char *relative(const struct cgw_scope *scope)
{
    struct cgw_str path = scope->path;
    size_t skip = scope->root_path.len;
    if (path.len <= skip || path.ptr[skip] != '/' || memchr(path.ptr, '\0', path.len))
        return NULL;
    return root_is_plain(path.ptr + skip + 1) ? path.ptr + skip + 1 : NULL;
}

static void serve(struct reply *reply)
{
    const char *path = relative(reply->call->scope);
    if (!is_method(reply, "GET") && !is_method(reply, "HEAD")) {
        header(reply, "allow", str("GET, HEAD"));
        say(reply, 405, "files are only read here\n");
    } else if (path) {
        send_path(reply, path);
    } else {
        send_error(reply, -ENOENT);
    }
}

static void files(struct cgw_call *call)
{
    if (call->scope->type == CGW_SCOPE_LIFESPAN) {
        life_begin(call);
        return;
    }
    struct reply *reply = call->host->alloc(call, sizeof(*reply));
    if (!reply) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    *reply = (struct reply){.call = call, .fd = -1};
    serve(reply);
}

CGW_APP(.kind = CGW_ASYNC, .flags = CGW_LIFESPAN, .name = "files", .call = files);
