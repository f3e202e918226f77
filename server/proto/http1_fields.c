/*
 * What the fields of a head mean for the connection and the message: Host, framing, Connection,
 * Expect (RFC 9112 3.2, 6; RFC 9110 7, 10.1.1). llhttp has split the lines; everything that decides
 * where a message ends or for whom it is, is decided again here, strictly.
 */
#include "base/number.h"
#include "proto/chars.h"
#include "proto/http1_parts.h"
#include "proto/target.h"

/* What was seen on the way through the fields. */
struct seen {
    struct field *host;
    struct str length, coding; /* Content-Length, Transfer-Encoding */
    unsigned n_hosts, n_lengths, n_codings;
    bool has_close, has_keep_alive, has_connection_upgrade, has_upgrade;
    bool has_expect, has_other_expect;
};

/* ---- one field ---- */

static char *writable(const char *arena_memory)
{
    return (char *)(uintptr_t)arena_memory;
}

/* Name in lower case, both ends NUL. What follows a name is its colon; a value, OWS or CR. */
static int terminate(struct http1 *h, struct field *field)
{
    char *name = writable(field->name.ptr);
    size_t n = field->name.len;
    if (!chars_is_token(field->name))
        return http1_refuse(h, 400, "malformed field name");
    ascii_lower_copy(name, name, n);
    if (name[n] != ':')
        return http1_refuse(h, 400, "malformed field name");
    name[n] = '\0';
    field->value = str_trim(field->value);
    if (field->value.len)
        writable(field->value.ptr)[field->value.len] = '\0';
    else
        field->value = STR("");
    return 0;
}

static void see_connection(struct seen *seen, struct str list)
{
    struct str option;
    while (str_next_element(&list, &option)) {
        seen->has_close |= str_is_nocase(option, STR("close"));
        seen->has_keep_alive |= str_is_nocase(option, STR("keep-alive"));
        seen->has_connection_upgrade |= str_is_nocase(option, STR("upgrade"));
    }
}

static void see_expect(struct seen *seen, struct str list)
{
    struct str element;
    while (str_next_element(&list, &element)) {
        if (str_is_nocase(element, STR("100-continue")))
            seen->has_expect = true;
        else if (element.len)
            seen->has_other_expect = true;
    }
}

static void see_host(struct seen *seen, struct field *field)
{
    seen->host = field;
    seen->n_hosts++;
}

/* The fields that matter here, told apart by their lengths first. */
static void see(struct http1_request *request, struct seen *seen, struct field *field)
{
    struct str name = field->name, value = field->value;
    switch (name.len) {
    case 2:
        if (str_is(name, STR("te")))
            request->te_trailers |= str_list_has(value, STR("trailers"));
        break;
    case 4:
        if (str_is(name, STR("host")))
            see_host(seen, field);
        break;
    case 6:
        if (str_is(name, STR("expect")))
            see_expect(seen, value);
        break;
    case 7:
        seen->has_upgrade |= str_is(name, STR("upgrade"));
        break;
    case 10:
        if (str_is(name, STR("connection")))
            see_connection(seen, value);
        break;
    case 14:
        if (str_is(name, STR("content-length"))) {
            seen->length = value;
            seen->n_lengths++;
        }
        break;
    case 17:
        if (str_is(name, STR("transfer-encoding"))) {
            seen->coding = value;
            seen->n_codings++;
        }
        break;
    default:
        break;
    }
}

/* ---- framing ---- */

static bool is_known_coding(struct str name)
{
    static const struct str known[] = {STR("gzip"),     STR("deflate"), STR("compress"),
                                       STR("identity"), STR("x-gzip"),  STR("x-compress")};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_is_nocase(name, known[i]))
            return true;
    return false;
}

/*
 * A Transfer-Encoding that is not just "chunked": a list that ends in chunked, or that names
 * codings that exist, could be right and is not implemented; anything else leaves the length of the
 * body open (RFC 9112 6.1, 6.3).
 */
static int refuse_coding(struct http1 *h, struct str list)
{
    struct str coding;
    bool is_chunked = false, is_known = true;
    while (str_next_element(&list, &coding)) {
        if (is_chunked || !chars_is_token(coding))
            return http1_refuse(h, 400, "malformed Transfer-Encoding");
        is_chunked = str_is_nocase(coding, STR("chunked"));
        is_known &= is_chunked || is_known_coding(coding);
    }
    if (is_chunked || is_known)
        return http1_refuse(h, 501, "transfer coding not implemented");
    return http1_refuse(h, 400, "transfer coding without chunked");
}

static int read_coding(struct http1 *h, const struct seen *seen)
{
    if (seen->n_lengths)
        return http1_refuse(h, 400, "Content-Length and Transfer-Encoding");
    if (h->request->minor == 0)
        return http1_refuse(h, 400, "Transfer-Encoding in HTTP/1.0");
    if (seen->n_codings > 1)
        return http1_refuse(h, 400, "two Transfer-Encoding fields");
    if (!str_is_nocase(seen->coding, STR("chunked")))
        return refuse_coding(h, seen->coding);
    h->request->content_length = HTTP1_LENGTH_CHUNKED;
    return 0;
}

static int read_length(struct http1 *h, const struct seen *seen)
{
    uint64_t length, limit = h->limits->body_bytes ? h->limits->body_bytes : INT64_MAX;
    if (seen->n_lengths > 1)
        return http1_refuse(h, 400, "two Content-Length fields");
    if (number_decimal(seen->length, UINT64_MAX, &length))
        return http1_refuse(h, 400, "malformed Content-Length");
    if (length > limit)
        return http1_refuse(h, 413, "body too large");
    h->request->content_length = length;
    return 0;
}

static int read_framing(struct http1 *h, const struct seen *seen)
{
    if (seen->n_codings)
        return read_coding(h, seen);
    return seen->n_lengths ? read_length(h, seen) : 0;
}

/* ---- target and Host ---- */

/* The authority of an absolute target takes the Host's place (RFC 9112 3.2.2; behaviour 70). */
static int replace_host(struct http1 *h, struct str authority, struct seen *seen)
{
    struct http1_request *request = h->request;
    char *copy = arena_copy(h->arena, authority.ptr, authority.len);
    if (!copy)
        return http1_refuse(h, 500, "out of memory");
    if (!seen->host) { /* HTTP/1.0; there is room for one more than there were lines */
        seen->host = &request->fields[request->n_fields++];
        seen->host->name = STR("host");
    }
    seen->host->value = (struct str){copy, authority.len};
    return 0;
}

static bool is_host(struct http1 *h, struct str text)
{
    if (text.len && str_is(text, (struct str){h->host, h->host_len}))
        return true;
    if (!target_is_host(text))
        return false;
    if (text.len <= sizeof h->host) {
        memcpy(h->host, text.ptr, text.len);
        h->host_len = (uint8_t)text.len;
    }
    return true;
}

static int read_host(struct http1 *h, struct seen *seen)
{
    if (seen->n_hosts > 1)
        return http1_refuse(h, 400, "two Host fields");
    if (seen->n_hosts == 0 && h->request->minor)
        return http1_refuse(h, 400, "no Host");
    if (seen->host && !is_host(h, seen->host->value))
        return http1_refuse(h, 400, "malformed Host");
    return 0;
}

/*
 * Where what is behind the path must stay as it was sent, the path moves, to get its NUL.
 * "/" and "*" are static or followed by the target's own NUL.
 */
static int terminate_path(struct http1 *h, const struct target *target)
{
    struct http1_request *request = h->request;
    request->raw_path = target->path;
    request->query = target->query;
    if (target->path.ptr[target->path.len] == '\0' && target->query.ptr[target->query.len] == '\0')
        return 0;
    size_t room = target->path.len + target->query.len + 2;
    char *copy = arena_alloc(h->arena, room);
    if (!copy)
        return http1_refuse(h, 500, "out of memory");
    request->raw_path.ptr = memcpy(copy, target->path.ptr, target->path.len);
    copy[target->path.len] = '\0';
    request->query.ptr = memcpy(copy + target->path.len + 1, target->query.ptr, target->query.len);
    copy[room - 1] = '\0';
    return 0;
}

static int read_target(struct http1 *h, struct seen *seen)
{
    struct http1_request *request = h->request;
    struct target target;
    int status = target_parse(request->method, request->target, &target);
    if (status)
        return http1_refuse(h, status, "malformed target");
    if (read_host(h, seen) || (target.authority.len && replace_host(h, target.authority, seen)))
        return -1;
    /* each is followed by one blank in the line */
    writable(request->method.ptr)[request->method.len] = '\0';
    writable(request->target.ptr)[request->target.len] = '\0';
    request->host = seen->host ? seen->host->value : STR("");
    return terminate_path(h, &target);
}

/* ---- all ---- */

static int read_expect(struct http1 *h, const struct seen *seen)
{
    struct http1_request *request = h->request;
    if (seen->has_other_expect)
        return http1_refuse(h, 417, "unknown expectation");
    request->expect_continue = seen->has_expect && request->minor && request->content_length;
    return 0;
}

int http1_fields_read(struct http1 *h)
{
    struct http1_request *request = h->request;
    struct seen seen = {0};
    for (size_t i = 0; i < request->n_fields; i++) {
        if (terminate(h, &request->fields[i]))
            return -1;
        see(request, &seen, &request->fields[i]);
    }
    if (read_target(h, &seen) || read_framing(h, &seen) || read_expect(h, &seen))
        return -1;
    request->keep_alive = !seen.has_close && (request->minor || seen.has_keep_alive);
    request->upgrade = request->minor && seen.has_upgrade && seen.has_connection_upgrade;
    return 0;
}
