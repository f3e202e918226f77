/* Header lines of a part, cut in place. */
#include "web/multipart_head.h"
#include <string.h>
#include <strings.h>

static bool is_token(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_text(cgw_str text, const char *wanted)
{
    return text.len == strlen(wanted) && strncasecmp(text.ptr, wanted, text.len) == 0;
}

static cgw_str trim(cgw_str text)
{
    while (text.len && is_blank(text.ptr[0]))
        text = (cgw_str){text.ptr + 1, text.len - 1};
    while (text.len && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* ---- parameters: ; name=value, or name="value" ---- */

struct cursor {
    const char *at, *end;
};

struct parameter {
    cgw_str name, value; /* value: without its quotes, escapes as they came */
    bool is_quoted;
};

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && is_blank(*cursor->at))
        cursor->at++;
}

static cgw_str take_token(struct cursor *cursor)
{
    const char *begin = cursor->at;
    while (cursor->at < cursor->end && is_token(*cursor->at))
        cursor->at++;
    return (cgw_str){begin, (size_t)(cursor->at - begin)};
}

/* Up to the closing quote; a backslash hides one, and itself. Other backslashes are paths'. */
static bool take_quoted(struct cursor *cursor, cgw_str *ret_text)
{
    const char *begin = ++cursor->at;
    while (cursor->at < cursor->end && *cursor->at != '"') {
        bool is_escape = *cursor->at == '\\' && cursor->at + 1 < cursor->end &&
                         (cursor->at[1] == '"' || cursor->at[1] == '\\');
        cursor->at += is_escape ? 2 : 1;
    }
    if (cursor->at == cursor->end)
        return false;
    *ret_text = (cgw_str){begin, (size_t)(cursor->at++ - begin)};
    return true;
}

/* 1: there is one more; 0: none; -1: what follows is none. */
static int take_parameter(struct cursor *cursor, struct parameter *parameter)
{
    skip_blanks(cursor);
    while (cursor->at < cursor->end && *cursor->at == ';') {
        cursor->at++;
        skip_blanks(cursor);
    }
    if (cursor->at == cursor->end)
        return 0;
    parameter->name = take_token(cursor);
    if (!parameter->name.len || cursor->at == cursor->end || *cursor->at != '=')
        return -1;
    cursor->at++;
    parameter->is_quoted = cursor->at < cursor->end && *cursor->at == '"';
    if (parameter->is_quoted) {
        if (!take_quoted(cursor, &parameter->value))
            return -1;
    } else {
        parameter->value = take_token(cursor);
        if (!parameter->value.len)
            return -1;
    }
    skip_blanks(cursor);
    return cursor->at == cursor->end || *cursor->at == ';' ? 1 : -1;
}

/* Of a value: the word in front of its parameters. */
static cgw_str take_word(cgw_str value, struct cursor *ret_rest)
{
    const char *semicolon = memchr(value.ptr, ';', value.len);
    size_t len = semicolon ? (size_t)(semicolon - value.ptr) : value.len;
    *ret_rest = (struct cursor){value.ptr + len, value.ptr + value.len};
    return trim((cgw_str){value.ptr, len});
}

static size_t unquote(char *to, cgw_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_escape = text.ptr[i] == '\\' && i + 1 < text.len &&
                         (text.ptr[i + 1] == '"' || text.ptr[i + 1] == '\\');
        i += is_escape;
        to[n++] = text.ptr[i];
    }
    return n;
}

int multipart_head_parameter(cgw_str value, const char *name, char *dst, size_t *len)
{
    struct cursor cursor;
    struct parameter parameter;
    int found = 0, status;
    (void)take_word(value, &cursor);
    while ((status = take_parameter(&cursor, &parameter)) == 1) {
        if (!is_text(parameter.name, name))
            continue;
        if (found++ || parameter.value.len > *len)
            return -1;
        *len = parameter.is_quoted ? unquote(dst, parameter.value) : parameter.value.len;
        if (!parameter.is_quoted)
            memcpy(dst, parameter.value.ptr, *len);
    }
    return status < 0 ? -1 : found;
}

/* ---- Content-Disposition ---- */

/* The three escapes of browsers (HTML, 4.10.21.8): %22 %0D %0A; other percent signs are themselves.
 */
static char browser_escape(const char *at, size_t left)
{
    if (left < 3 || *at != '%')
        return 0;
    int code = hex(at[1]) * 16 + hex(at[2]);
    bool is_hex = hex(at[1]) >= 0 && hex(at[2]) >= 0;
    return is_hex && (code == '"' || code == '\r' || code == '\n') ? (char)code : 0;
}

static cgw_str unescape(struct multipart_head *head, const struct parameter *parameter)
{
    char *to = head->spare;
    size_t len = parameter->value.len, n = 0;
    if (parameter->is_quoted)
        len = unquote(to, parameter->value);
    else
        memcpy(to, parameter->value.ptr, len);
    for (size_t i = 0; i < len; i++) {
        char c = browser_escape(to + i, len - i);
        to[n++] = c ? c : to[i];
        i += c ? 2 : 0;
    }
    head->spare += n;
    return (cgw_str){to, n};
}

/* charset'language'value, the value with %XX (RFC 8187, 3.2). */
static const char *read_extended(struct multipart_head *head, cgw_str value)
{
    static const char bad[] = "the filename* of a part is malformed";
    const char *end = value.ptr + value.len;
    const char *quote = memchr(value.ptr, '\'', value.len);
    const char *second = quote ? memchr(quote + 1, '\'', (size_t)(end - quote - 1)) : NULL;
    if (!second)
        return bad;
    cgw_str charset = {value.ptr, (size_t)(quote - value.ptr)};
    head->is_utf8 = is_text(charset, "utf-8");
    head->is_latin1 = is_text(charset, "iso-8859-1");
    if (!head->is_utf8 && !head->is_latin1)
        return "the filename* of a part has an unknown charset";
    head->filename = (cgw_str){head->spare, 0};
    for (const char *at = second + 1; at < end; at++) {
        bool is_escape = *at == '%';
        if (is_escape && (end - at < 3 || hex(at[1]) < 0 || hex(at[2]) < 0))
            return bad;
        *head->spare++ = is_escape ? (char)(hex(at[1]) * 16 + hex(at[2])) : *at;
        at += is_escape ? 2 : 0;
    }
    head->filename.len = (size_t)(head->spare - head->filename.ptr);
    return NULL;
}

struct disposition {
    bool has_name, has_filename, has_extended;
};

static const char *read_parameter(struct multipart_head *head, const struct parameter *parameter,
                                  struct disposition *seen)
{
    bool *is_seen = is_text(parameter->name, "name")        ? &seen->has_name
                    : is_text(parameter->name, "filename")  ? &seen->has_filename
                    : is_text(parameter->name, "filename*") ? &seen->has_extended
                                                            : NULL;
    if (!is_seen)
        return parameter->name.len > 9 && strncasecmp(parameter->name.ptr, "filename*", 9) == 0
                   ? "the file name of a part comes in pieces"
                   : NULL;
    if (*is_seen)
        return "a part says its name, or file name, twice";
    *is_seen = true;
    head->is_file = seen->has_filename || seen->has_extended;
    if (is_seen == &seen->has_extended)
        return parameter->is_quoted ? "the filename* of a part is malformed"
                                    : read_extended(head, parameter->value);
    if (is_seen == &seen->has_name)
        head->name = unescape(head, parameter);
    else if (!seen->has_extended)
        head->filename = unescape(head, parameter);
    return NULL;
}

static const char *read_disposition(struct multipart_head *head, cgw_str value)
{
    struct cursor cursor;
    struct parameter parameter;
    struct disposition seen = {false, false, false};
    int status;
    if (!is_text(take_word(value, &cursor), "form-data"))
        return "the Content-Disposition of a part is not form-data";
    while ((status = take_parameter(&cursor, &parameter)) == 1) {
        const char *error = read_parameter(head, &parameter, &seen);
        if (error)
            return error;
    }
    if (status < 0)
        return "the Content-Disposition of a part is malformed";
    return seen.has_name ? NULL : "the Content-Disposition of a part has no name";
}

/* ---- lines ---- */

static bool is_value(cgw_str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (((unsigned char)value.ptr[i] < 0x20 && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
            return false;
    return true;
}

/* line: without its end. */
static const char *read_field(struct multipart_head *head, char *line, size_t len)
{
    static const char bad[] = "a header line of a part is malformed";
    size_t n = 0;
    while (n < len && is_token(line[n])) {
        line[n] = lower(line[n]);
        n++;
    }
    if (n == 0 || n == len || line[n] != ':')
        return bad;
    if (head->n_headers == MULTIPART_HEADERS_MAX)
        return "a part has too many header lines";
    cgw_str value = trim((cgw_str){line + n + 1, len - n - 1});
    if (!is_value(value))
        return bad;
    head->headers[head->n_headers++] = (struct cgw_header){{line, n}, value};
    return NULL;
}

static const char *read_lines(struct multipart_head *head, char *text, size_t len)
{
    for (char *end = text + len, *next; text < end; text = next) {
        char *newline = memchr(text, '\n', (size_t)(end - text));
        if (!newline || newline == text || newline[-1] != '\r')
            return "a header line of a part does not end in CR LF";
        next = newline + 1;
        const char *error = read_field(head, text, (size_t)(newline - text) - 1);
        if (error)
            return error;
    }
    return NULL;
}

/* NULL: there is none. *ret_twice: there are more than one. */
static const struct cgw_header *find(const struct multipart_head *head, const char *name,
                                     bool *ret_twice)
{
    const struct cgw_header *found = NULL;
    for (size_t i = 0; i < head->n_headers; i++) {
        if (!is_text(head->headers[i].name, name))
            continue;
        *ret_twice |= found != NULL;
        found = &head->headers[i];
    }
    return found;
}

/* RFC 7578, 4.7: nobody should send any; one that changes the bytes would pass unseen. */
static bool is_encoded(const struct cgw_header *encoding)
{
    return encoding && !is_text(encoding->value, "7bit") && !is_text(encoding->value, "8bit") &&
           !is_text(encoding->value, "binary");
}

const char *multipart_head_read(struct multipart_head *head, char *text, size_t len, char *spare)
{
    bool is_twice = false;
    head->n_headers = 0;
    head->name = head->filename = (cgw_str){"", 0};
    head->content_type = (cgw_str){NULL, 0};
    head->is_file = head->is_utf8 = head->is_latin1 = false;
    head->spare = spare;
    const char *error = read_lines(head, text, len);
    if (error)
        return error;
    const struct cgw_header *disposition = find(head, "content-disposition", &is_twice);
    const struct cgw_header *type = find(head, "content-type", &is_twice);
    if (is_encoded(find(head, "content-transfer-encoding", &is_twice)))
        return "a part has a Content-Transfer-Encoding";
    if (is_twice)
        return "a part has a header line twice";
    if (type)
        head->content_type = type->value;
    return disposition ? read_disposition(head, disposition->value)
                       : "a part has no Content-Disposition";
}
