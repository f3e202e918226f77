/*
 * From bytes to a request's head. One pass over what comes in finds the head's end and refuses what
 * no head may hold (RFC 9112 2.2, 5.2): control bytes, a CR or LF alone, a folded line. The head is
 * then copied once, into the arena, and llhttp reads it there in one go; until it is complete its
 * parts gather there. What is refused, and with which status, does not depend on how the bytes were
 * cut: limits count bytes, and the request line is judged when its end is seen.
 */
#include "proto/chars.h"
#include "proto/http1_parts.h"
#include "proto/target.h"
#include <assert.h>

#define MAX_BLANK_LINES 8  /* RFC 9112 2.2 wants one to be ignored */
#define MAX_METHOD      32 /* bytes; the longest known has 11 */
/* The method, two blanks, the version and CRLF. */
#define LINE_BESIDE_TARGET (MAX_METHOD + 1 + 1 + 8 + 2)
#define FIRST_ROOM         512 /* of a head that comes in parts */

enum at {
    AT_LINE_START, /* the zero state: before a line's first byte */
    AT_BLANK_CR,   /* a CR before the request line */
    AT_LINE,       /* inside a line */
    AT_CR,         /* behind the CR of a line */
    AT_END_CR,     /* behind the CR of the empty line */
    AT_END
};

/* ---- the scan ---- */

/* Skip blank lines before the request line. What is left begins with its first byte, or is nothing,
   or h has failed. */
static const char *skip_blank_lines(struct http1 *h, const char *p, const char *end)
{
    struct http1_head_state *head = &h->head;
    for (; p < end; p++) {
        if (head->at == AT_BLANK_CR) {
            if (*p != '\n') {
                http1_refuse(h, 400, "CR without LF");
                break;
            }
            head->at = AT_LINE_START;
            if (++head->n_blank > MAX_BLANK_LINES) {
                http1_refuse(h, 400, "blank lines instead of a request");
                break;
            }
        } else if (*p == '\r')
            head->at = AT_BLANK_CR;
        else
            break;
    }
    return p;
}

static const char *control_name(char c)
{
    switch (c) {
    case '\0':
        return "NUL in the head";
    case '\n':
        return "LF without CR";
    case '\t':
        return "tab in the request line";
    default:
        return "control byte in the head";
    }
}

/* A control byte inside a line. */
static void scan_control(struct http1 *h, char c)
{
    if (c == '\r')
        h->head.at = AT_CR;
    else if (c == '\t' && h->head.n_lines)
        h->head.has_tab = true;
    else
        http1_refuse(h, 400, control_name(c));
}

static void scan_line_end(struct http1 *h, char c)
{
    if (c != '\n') {
        http1_refuse(h, 400, "CR without LF");
        return;
    }
    h->head.at = AT_LINE_START;
    if (h->head.n_lines++ > h->limits->head_fields)
        http1_refuse(h, 431, "too many fields");
}

/* The first byte of a line, which begins with it, or is empty and so the head's last. */
static void scan_line_start(struct http1 *h, char c)
{
    if (c == '\r' && h->head.n_lines) {
        h->head.at = AT_END_CR;
        return;
    }
    h->head.at = AT_LINE;
    if ((c == ' ' || c == '\t') && h->head.n_lines)
        http1_refuse(h, 400, "folded line");
    else if ((unsigned char)c < 0x20 || c == 0x7f)
        scan_control(h, c);
}

static void scan_byte(struct http1 *h, char c)
{
    switch ((enum at)h->head.at) {
    case AT_LINE_START:
        scan_line_start(h, c);
        break;
    case AT_LINE:
        scan_control(h, c);
        break;
    case AT_CR:
        scan_line_end(h, c);
        break;
    case AT_END_CR:
        h->head.at = AT_END;
        if (c != '\n')
            http1_refuse(h, 400, "CR without LF");
        break;
    case AT_BLANK_CR:
    case AT_END:
        break;
    }
}

/*
 * The common case in few steps: whole lines that begin with a token's byte and end in CRLF, with
 * three bytes of what follows in sight. It stops before anything else, in a state that scan_byte()
 * takes over.
 */
static const char *scan_plain_lines(struct http1 *h, const char *p, const char *end,
                                    uint32_t n_lines)
{
    struct http1_head_state *head = &h->head;
    const char *line = p;
    while (head->n_lines < n_lines && head->n_lines < h->limits->head_fields && line < end &&
           (chars_class[(unsigned char)*line] & CHAR_TOKEN)) {
        p = chars_find_control(line, end);
        if (end - p < 4 || p[0] != '\r' || p[1] != '\n')
            break;
        head->n_lines++;
        line = p + 2;
        if (line[0] == '\r' && line[1] == '\n') {
            head->at = AT_END;
            return line + 2;
        }
    }
    return line;
}

/* Scan until end, the head's end, n_lines lines or a refusal. */
static const char *scan(struct http1 *h, const char *p, const char *end, uint32_t n_lines)
{
    struct http1_head_state *head = &h->head;
    if (head->at == AT_LINE_START)
        p = scan_plain_lines(h, p, end, n_lines);
    while (p < end && head->at != AT_END && head->n_lines < n_lines && h->phase != HTTP1_FAILED) {
        if (head->at == AT_LINE) {
            p = chars_find_control(p, end);
            if (p == end)
                break;
        }
        scan_byte(h, *p++);
    }
    return p;
}

/* ---- the request line ---- */

#define METHOD(number, name, text) {#text, sizeof(#text) - 1},
static const struct str methods[] = {HTTP_METHOD_MAP(METHOD)};
#undef METHOD

/* The common ones by constants of their length. */
static bool is_method(struct str token)
{
    if (token.len == 3 && (memcmp(token.ptr, "GET", 3) == 0 || memcmp(token.ptr, "PUT", 3) == 0))
        return true;
    if (token.len == 4 && memcmp(token.ptr, "POST", 4) == 0)
        return true;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (str_is(token, methods[i]))
            return !str_is(token, STR("CONNECT")); /* asks for a proxy */
    return false;
}

static size_t token_length(struct str s)
{
    size_t n = 0;
    while (n < s.len && (chars_class[(unsigned char)s.ptr[n]] & CHAR_TOKEN))
        n++;
    return n;
}

/* The request line is longer than it may be, or the head, and still no end of it. */
static int refuse_long_line(struct http1 *h)
{
    struct str line = {h->head.bytes, h->head.len};
    size_t n = token_length(line);
    if (n < line.len && line.ptr[n] != ' ')
        return http1_refuse(h, 400, "malformed method");
    if (!is_method((struct str){line.ptr, n}))
        return http1_refuse(h, 501, "unknown method");
    if (n < line.len && line.len - n - 1 > h->limits->target_bytes)
        return http1_refuse(h, 414, "target too long");
    return http1_refuse(h, 431, "head too long");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Say what is wrong with a request line whose method has n bytes. */
static int refuse_line(struct http1 *h, struct str line, size_t n)
{
    if (n == 0 || n == line.len || line.ptr[n] != ' ')
        return http1_refuse(h, 400, "malformed method");
    struct str target = {line.ptr + n + 1, line.len - n - 1};
    const char *space = memchr(target.ptr, ' ', target.len);
    if (!space || space == target.ptr)
        return http1_refuse(h, 400, "malformed request line");
    struct str version = {space + 1, target.len - (size_t)(space + 1 - target.ptr)};
    target.len = (size_t)(space - target.ptr);
    if (!chars_is_target(target))
        return http1_refuse(h, 400, "bad byte in the target");
    const char *v = version.ptr;
    if (version.len != 8 || memcmp(v, "HTTP/", 5) != 0 || !is_digit(v[5]) || v[6] != '.' ||
        !is_digit(v[7]))
        return http1_refuse(h, 400, "malformed version");
    return http1_refuse(h, 505, "another version of HTTP");
}

/* Bytes of a request target in front of what is none; there is a blank or a CR. */
static size_t target_length(const char *p, const char *end)
{
    const char *start = p;
    while (end - p >= 16 && vector_is_zero(chars_not_target(vector_load(p))))
        p += 16;
    while (chars_class[(unsigned char)*p] & CHAR_TARGET)
        p++;
    return (size_t)(p - start);
}

/* Judge the request line (RFC 9112 3), which is complete at the head's front. */
static int read_line(struct http1 *h)
{
    const char *line = h->head.bytes, *end = line + h->head.len;
    size_t n = token_length((struct str){line, h->head.len});
    const char *target = line + n + 1;
    size_t target_len = n && line[n] == ' ' ? target_length(target, end) : 0;
    const char *version = target + target_len + 1;
    bool is_good = target_len && version[-1] == ' ' && end - version >= 10 &&
                   memcmp(version, "HTTP/1.", 7) == 0 && (version[7] == '1' || version[7] == '0') &&
                   version[8] == '\r';
    if (!is_good) {
        const char *lf = memchr(line, '\n', h->head.len);
        assert(lf);
        return refuse_line(h, (struct str){line, (size_t)(lf - line) - 1}, n);
    }
    if (!is_method((struct str){line, n}))
        return http1_refuse(h, 501, "unknown method");
    if (target_len > h->limits->target_bytes)
        return http1_refuse(h, 414, "target too long");
    h->head.minor = (uint8_t)(version[7] - '0');
    h->head.line_len = (size_t)(version + 10 - line);
    h->head.method_len = n;
    h->head.target_len = target_len;
    return 0;
}

/* ---- gathering ---- */

static int gather(struct http1 *h, const char *ptr, size_t len)
{
    struct http1_head_state *head = &h->head;
    size_t need = head->len + len + 1;
    if (need > head->room) {
        size_t room = need;
        if (head->at != AT_END) /* more will come */
            room = need < FIRST_ROOM / 2 ? FIRST_ROOM : 2 * need;
        char *bytes = head->bytes ? arena_grow(h->arena, head->bytes, head->room, room)
                                  : arena_alloc(h->arena, room);
        if (!bytes)
            return http1_refuse(h, 500, "out of memory");
        head->bytes = bytes;
        head->room = room;
    }
    memcpy(head->bytes + head->len, ptr, len);
    head->len += len;
    return 0;
}

static void name_line(struct http1 *h)
{
    const char *bytes = h->head.bytes;
    h->request->method = (struct str){bytes, h->head.method_len};
    h->request->target = (struct str){bytes + h->head.method_len + 1, h->head.target_len};
}

static void start_head(struct http1 *h)
{
    assert(h->arena && h->request);
    h->request->method = h->request->target = (struct str){NULL, 0};
    h->request->n_fields = 0;
    h->request->content_length = 0;
    h->request->minor = 0;
    h->request->te_trailers = false;
    h->is_complete = false;
    h->phase = HTTP1_IN_HEAD;
}

static const char *stop_at(const char *p, const char *end, size_t limit, size_t used)
{
    size_t room = limit > used ? limit - used : 0;
    return (size_t)(end - p) > room ? p + room : end;
}

/* Scan what may still belong to the head; the end of it. */
static const char *scan_within_limits(struct http1 *h, const char *from, const char *end)
{
    struct http1_head_state *head = &h->head;
    size_t most = h->limits->head_bytes, line = h->limits->target_bytes + LINE_BESIDE_TARGET;
    const char *p = from;
    line = line < most ? line : most;
    if (head->len + (size_t)(end - p) <= line) /* no limit in sight */
        return scan(h, p, end, UINT32_MAX);
    if (head->n_lines == 0)
        p = scan(h, p, stop_at(p, end, line, head->len), 1);
    if (head->n_lines)
        p = scan(h, p, stop_at(p, end, most, head->len + (size_t)(p - from)), UINT32_MAX);
    return p;
}

size_t http1_head_take(struct http1 *h, const char *ptr, size_t len, bool *ret_is_complete)
{
    const char *end = ptr + len, *from = ptr;
    if (h->phase == HTTP1_IDLE) {
        from = skip_blank_lines(h, ptr, end);
        if (from == end || h->phase == HTTP1_FAILED)
            return len;
        start_head(h);
    }
    const char *p = scan_within_limits(h, from, end);
    int status = h->status;
    /* What came before the byte at fault is judged first, as if the bytes had come one by one. */
    h->phase = HTTP1_IN_HEAD;
    if (gather(h, from, (size_t)(p - from)))
        return len;
    if (h->head.n_lines && !h->head.line_len && read_line(h))
        return len;
    if (h->head.line_len)
        name_line(h);
    if (status)
        h->phase = HTTP1_FAILED;
    else if (h->head.at == AT_END)
        *ret_is_complete = true;
    else if (p < end && h->head.n_lines == 0)
        refuse_long_line(h);
    else if (p < end)
        http1_refuse(h, 431, "head too long");
    return (size_t)(p - ptr);
}

/* ---- parsing ---- */

/* Tabs around values become blanks, which is the same (RFC 9112 5) and which llhttp takes too. */
static void blank_tabs(char *line, char *end)
{
    while (line < end) {
        char *lf = memchr(line, '\n', (size_t)(end - line));
        char *colon = memchr(line, ':', (size_t)(lf - line));
        for (char *p = colon ? colon + 1 : lf; *p == ' ' || *p == '\t'; p++)
            *p = ' ';
        for (char *p = lf - 2; p > line && (*p == ' ' || *p == '\t'); p--)
            *p = ' ';
        line = lf + 1;
    }
}

int http1_head_parse(struct http1 *h)
{
    struct http1_head_state *head = &h->head;
    struct http1_request *request = h->request;
    /* one more, for the Host that an absolute target may bring */
    request->fields = arena_alloc(h->arena, head->n_lines * sizeof *request->fields);
    if (!request->fields)
        return http1_refuse(h, 500, "out of memory");
    h->field_room = head->n_lines - 1;
    request->minor = head->minor;
    name_line(h);
    if (head->has_tab)
        blank_tabs(head->bytes + head->line_len, head->bytes + head->len - 2);
    llhttp_reset(&h->parser);
    int result = http1_show(h, head->bytes, head->len);
    *head = (struct http1_head_state){0};
    return result;
}
