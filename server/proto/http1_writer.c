/*
 * Heads from one pass of copies: the status line is ready-made, each field is its name in lower
 * case and its value, and what frames the message is the server's alone to say.
 */
#include "proto/http1_writer.h"
#include "base/clock.h"
#include "base/number.h"

/* ---- status lines ---- */

/* clang-format off */
#define REASONS(X)                                                                                 \
    X(100, "Continue") X(101, "Switching Protocols") X(102, "Processing") X(103, "Early Hints")    \
    X(200, "OK") X(201, "Created") X(202, "Accepted") X(203, "Non-Authoritative Information")      \
    X(204, "No Content") X(205, "Reset Content") X(206, "Partial Content") X(207, "Multi-Status")  \
    X(208, "Already Reported") X(226, "IM Used")                                                   \
    X(300, "Multiple Choices") X(301, "Moved Permanently") X(302, "Found") X(303, "See Other")     \
    X(304, "Not Modified") X(305, "Use Proxy") X(307, "Temporary Redirect")                        \
    X(308, "Permanent Redirect")                                                                   \
    X(400, "Bad Request") X(401, "Unauthorized") X(402, "Payment Required") X(403, "Forbidden")    \
    X(404, "Not Found") X(405, "Method Not Allowed") X(406, "Not Acceptable")                      \
    X(407, "Proxy Authentication Required") X(408, "Request Timeout") X(409, "Conflict")           \
    X(410, "Gone") X(411, "Length Required") X(412, "Precondition Failed")                         \
    X(413, "Content Too Large") X(414, "URI Too Long") X(415, "Unsupported Media Type")            \
    X(416, "Range Not Satisfiable") X(417, "Expectation Failed") X(418, "I'm a Teapot")            \
    X(421, "Misdirected Request") X(422, "Unprocessable Content") X(423, "Locked")                 \
    X(424, "Failed Dependency") X(425, "Too Early") X(426, "Upgrade Required")                     \
    X(428, "Precondition Required") X(429, "Too Many Requests")                                    \
    X(431, "Request Header Fields Too Large") X(451, "Unavailable For Legal Reasons")              \
    X(500, "Internal Server Error") X(501, "Not Implemented") X(502, "Bad Gateway")                \
    X(503, "Service Unavailable") X(504, "Gateway Timeout") X(505, "HTTP Version Not Supported")   \
    X(506, "Variant Also Negotiates") X(507, "Insufficient Storage") X(508, "Loop Detected")       \
    X(510, "Not Extended") X(511, "Network Authentication Required")
/* clang-format on */

#define FIRST_STATUS     100
#define LINE(code, text) [(code)-FIRST_STATUS] = STR("HTTP/1.1 " #code " " text "\r\n"),
static const struct str lines[] = {REASONS(LINE)};
#define TEXT(code, text) [(code)-FIRST_STATUS] = (text),
static const char *const reasons[] = {REASONS(TEXT)};

#define N_LINES        ((int)(sizeof lines / sizeof *lines))
#define MAX_LINE_BYTES 64

const char *http1_reason(int status)
{
    int i = status - FIRST_STATUS;
    return i >= 0 && i < N_LINES && reasons[i] ? reasons[i] : "";
}

/* ---- pieces ---- */

/* For literals: their copy is a few instructions where it stands. */
#define PUT(dst, literal) \
    ((char *)memcpy((dst), (literal), sizeof(literal) - 1) + sizeof(literal) - 1)

static char *put_status(char *dst, int status)
{
    int i = status - FIRST_STATUS;
    if (i >= 0 && i < N_LINES && lines[i].len)
        return str_put(dst, lines[i]);
    dst = PUT(dst, "HTTP/1.1 ");
    dst += number_print(dst, (uint64_t)status);
    return PUT(dst, " \r\n");
}

static inline char *put_field(char *dst, const struct field *field)
{
    ascii_lower_copy(dst, field->name.ptr, field->name.len);
    dst = PUT(dst + field->name.len, ": ");
    dst = str_put(dst, field->value);
    return PUT(dst, "\r\n");
}

static size_t fields_bound(const struct field *fields, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += fields[i].name.len + fields[i].value.len + 4;
    return bytes;
}

/* ---- whose field is it ---- */

enum owner { OWNER_ANYBODY, OWNER_SERVER, OWNER_DATE, OWNER_NAME };

/* The lengths are told apart first: most names take one look. */
static enum owner owner_of(struct str name)
{
    switch (name.len) {
    case 4:
        return str_is_nocase(name, STR("date")) ? OWNER_DATE : OWNER_ANYBODY;
    case 6:
        return str_is_nocase(name, STR("server")) ? OWNER_NAME : OWNER_ANYBODY;
    case 7:
        return str_is_nocase(name, STR("upgrade")) ? OWNER_SERVER : OWNER_ANYBODY;
    case 10:
        return str_is_nocase(name, STR("connection")) || str_is_nocase(name, STR("keep-alive"))
                   ? OWNER_SERVER
                   : OWNER_ANYBODY;
    case 14:
        return str_is_nocase(name, STR("content-length")) ? OWNER_SERVER : OWNER_ANYBODY;
    case 16:
        return str_is_nocase(name, STR("proxy-connection")) ? OWNER_SERVER : OWNER_ANYBODY;
    case 17:
        return str_is_nocase(name, STR("transfer-encoding")) ? OWNER_SERVER : OWNER_ANYBODY;
    default:
        return OWNER_ANYBODY;
    }
}

/* Which of the server's own fields are still to be said. */
struct unsaid {
    bool date, server;
};

#define LEAVE_OUT(owner) (1u << (owner))

/* Of whom fields of the application's do not go out: what the operator says himself wins. */
static unsigned left_out(const struct http1_head *head)
{
    unsigned owners = LEAVE_OUT(OWNER_SERVER);
    for (size_t i = 0; i < head->n_extra; i++) {
        enum owner owner = owner_of(head->extra[i].name);
        if (owner != OWNER_ANYBODY)
            owners |= LEAVE_OUT(owner);
    }
    return owners;
}

static char *put_fields(char *dst, const struct field *fields, size_t n, unsigned owners,
                        struct unsaid *unsaid)
{
    for (size_t i = 0; i < n; i++) {
        enum owner owner = owner_of(fields[i].name);
        if (owners & LEAVE_OUT(owner))
            continue;
        unsaid->date &= owner != OWNER_DATE;
        unsaid->server &= owner != OWNER_NAME;
        dst = put_field(dst, &fields[i]);
    }
    return dst;
}

static char *put_extra(char *dst, const struct http1_head *head, struct unsaid *unsaid)
{
    for (size_t i = 0; i < head->n_extra; i++) {
        enum owner owner = owner_of(head->extra[i].name);
        unsaid->date &= owner != OWNER_DATE;
        unsaid->server &= owner != OWNER_NAME;
        dst = put_field(dst, &head->extra[i]);
    }
    return dst;
}

static char *put_framing(char *dst, const struct http1_head *head)
{
    switch (head->framing) {
    case HTTP1_FRAMING_LENGTH:
        dst = PUT(dst, "content-length: ");
        dst += number_print(dst, head->content_length);
        return PUT(dst, "\r\n");
    case HTTP1_FRAMING_CHUNKED:
        return PUT(dst, "transfer-encoding: chunked\r\n");
    case HTTP1_FRAMING_NONE:
    case HTTP1_FRAMING_CLOSE:
        break;
    }
    return dst;
}

/* ---- heads ---- */

#define DATE_NAME  "date: "
#define SERVER     "server: cgw\r\n"
#define CLOSE      "connection: close\r\n"
#define KEEP_ALIVE "connection: keep-alive\r\n"
#define LENGTH     "content-length: 18446744073709551615\r\n"
#define OWN_BYTES                                                                             \
    (MAX_LINE_BYTES + sizeof(DATE_NAME) + CLOCK_DATE_BYTES + sizeof(SERVER) + sizeof(CLOSE) + \
     sizeof(KEEP_ALIVE) + sizeof(LENGTH) + 4)

size_t http1_head_bound(const struct http1_head *head)
{
    return OWN_BYTES + fields_bound(head->fields, head->n_fields) +
           fields_bound(head->extra, head->n_extra);
}

size_t http1_write_head(char *dst, const struct http1_head *head)
{
    char *p = put_status(dst, head->status);
    struct unsaid unsaid = {head->date != NULL, head->server};
    p = put_fields(p, head->fields, head->n_fields, left_out(head), &unsaid);
    p = put_framing(p, head);
    p = put_extra(p, head, &unsaid);
    if (unsaid.date) {
        p = PUT(p, DATE_NAME);
        p = (char *)memcpy(p, head->date, CLOCK_DATE_BYTES) + CLOCK_DATE_BYTES;
        p = PUT(p, "\r\n");
    }
    if (unsaid.server)
        p = PUT(p, SERVER);
    if (head->close)
        p = PUT(p, CLOSE);
    else if (head->keep_alive)
        p = PUT(p, KEEP_ALIVE);
    return (size_t)(PUT(p, "\r\n") - dst);
}

size_t http1_write_informational(char *dst, int status, const struct field *fields, size_t n)
{
    struct unsaid none = {false, false};
    char *p = put_fields(put_status(dst, status), fields, n, LEAVE_OUT(OWNER_SERVER), &none);
    return (size_t)(PUT(p, "\r\n") - dst);
}

/* ---- chunks ---- */

size_t http1_write_chunk_size(char *dst, uint64_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 1;
    while (n < 16 && bytes >> (4 * n))
        n++;
    for (size_t i = n; i-- > 0; bytes >>= 4)
        dst[i] = digits[bytes & 15];
    return (size_t)(PUT(dst + n, "\r\n") - dst);
}

size_t http1_trailers_bound(const struct field *fields, size_t n)
{
    return fields_bound(fields, n) + 5;
}

size_t http1_write_last_chunk(char *dst, const struct field *fields, size_t n)
{
    struct unsaid none = {false, false};
    char *p = put_fields(PUT(dst, "0\r\n"), fields, n, LEAVE_OUT(OWNER_SERVER), &none);
    return (size_t)(PUT(p, "\r\n") - dst);
}
