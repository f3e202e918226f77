/*
 * The parser behind multipart.h: a state per line of the grammar. A delimiter begins with the only
 * CR in it, so what was taken for one and is none cannot hide the beginning of another: it is given
 * out as it is, and the search goes on behind it.
 */
#include "web/multipart.h"
#include "web/multipart_head.h"
#include <string.h>

enum state {
    PREAMBLE, /* all up to the first delimiter is skipped */
    LINE,     /* behind a delimiter: "--", or blanks up to the line's end */
    DASH,     /* behind one '-' of two */
    PADDING,  /* blanks have come */
    LINE_END, /* behind its CR */
    HEAD,
    DATA,
    CLOSED,
    BAD
};

static bool is_boundary(cgw_str boundary)
{
    static const char others[] = "'()+_,-./:=? ";
    if (boundary.len == 0 || boundary.len > MULTIPART_BOUNDARY_MAX)
        return false;
    for (size_t i = 0; i < boundary.len; i++) {
        char c = boundary.ptr[i], small = (char)(c | 0x20);
        if (!(small >= 'a' && small <= 'z') && !(c >= '0' && c <= '9') && !(c && strchr(others, c)))
            return false;
    }
    return boundary.ptr[boundary.len - 1] != ' ';
}

bool multipart_boundary(cgw_str content_type, cgw_str *ret_boundary,
                        char dst[MULTIPART_BOUNDARY_MAX])
{
    *ret_boundary = (cgw_str){dst, MULTIPART_BOUNDARY_MAX};
    return multipart_head_parameter(content_type, "boundary", dst, &ret_boundary->len) == 1 &&
           is_boundary(*ret_boundary);
}

void multipart_init(struct multipart *multipart, cgw_str boundary, char *head, size_t head_max)
{
    /* the first delimiter needs no line's end in front of it */
    *multipart = (struct multipart){.state = PREAMBLE,
                                    .matched = 2,
                                    .virtual = 2,
                                    .head = head,
                                    .head_max = head_max,
                                    .delimiter_len = 4 + boundary.len};
    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, boundary.ptr, boundary.len);
}

static enum multipart_event fail(struct multipart *multipart, const char *error)
{
    multipart->state = BAD;
    multipart->error = error;
    return MULTIPART_BAD;
}

static void skip(cgw_str *input, size_t n)
{
    input->ptr += n;
    input->len -= n;
}

/* ---- the search for the delimiter ---- */

/* Go on with one that has begun. true: it is whole, or the input is used up. */
static bool go_on(struct multipart *multipart, cgw_str *input)
{
    size_t left = multipart->delimiter_len - multipart->matched;
    size_t n = left < input->len ? left : input->len;
    if (memcmp(input->ptr, multipart->delimiter + multipart->matched, n) != 0)
        return false;
    multipart->matched += n;
    skip(input, n);
    return true;
}

/* Bytes in front of a delimiter, of the beginning of one at the input's end, or all. */
static size_t find(const struct multipart *multipart, cgw_str input)
{
    const char *at = input.ptr, *end = input.ptr + input.len;
    while ((at = memchr(at, '\r', (size_t)(end - at)))) {
        size_t left = (size_t)(end - at);
        size_t n = left < multipart->delimiter_len ? left : multipart->delimiter_len;
        if (memcmp(at, multipart->delimiter, n) == 0)
            return (size_t)(at - input.ptr);
        at++;
    }
    return input.len;
}

/* What was held back is no delimiter after all. */
static cgw_str release(struct multipart *multipart)
{
    cgw_str held = {multipart->delimiter + multipart->virtual,
                    multipart->matched - multipart->virtual};
    multipart->matched = multipart->virtual = 0;
    return held;
}

/* The next bytes in front of the delimiter; len 0: it is there, or the input is used up. */
static cgw_str before_delimiter(struct multipart *multipart, cgw_str *input)
{
    cgw_str data = {input->ptr, 0};
    while (input->len && multipart->matched < multipart->delimiter_len) {
        if (multipart->matched) {
            if (go_on(multipart, input))
                continue;
            data = release(multipart);
        } else {
            data = (cgw_str){input->ptr, find(multipart, *input)};
            skip(input, data.len);
            multipart->matched = input->len > 0;
            skip(input, multipart->matched);
        }
        if (data.len)
            break;
    }
    return data;
}

static enum multipart_event read_preamble(struct multipart *multipart, cgw_str *input)
{
    while (before_delimiter(multipart, input).len)
        continue;
    if (multipart->matched < multipart->delimiter_len)
        return MULTIPART_MORE;
    multipart->state = LINE;
    return MULTIPART_OVER;
}

static enum multipart_event read_data(struct multipart *multipart, cgw_str *input,
                                      cgw_str *ret_data)
{
    *ret_data = before_delimiter(multipart, input);
    if (ret_data->len)
        return MULTIPART_DATA;
    if (multipart->matched < multipart->delimiter_len)
        return MULTIPART_MORE;
    multipart->state = LINE;
    return MULTIPART_OVER;
}

/* ---- the rest of the delimiter's line, and the head of the part ---- */

static void begin_head(struct multipart *multipart)
{
    multipart->state = HEAD;
    multipart->head_len = 0;
}

static const char *line_character(struct multipart *multipart, char c)
{
    enum state state = multipart->state;
    if (state == DASH) {
        multipart->state = CLOSED;
        return c == '-' ? NULL : "a boundary is followed by something else";
    }
    if (state == LINE_END) {
        begin_head(multipart);
        return c == '\n' ? NULL : "the line of a boundary does not end in CR LF";
    }
    if (c == '-' && state == LINE)
        multipart->state = DASH;
    else if (c == ' ' || c == '\t')
        multipart->state = PADDING;
    else if (c == '\r')
        multipart->state = LINE_END;
    else
        return "a boundary is followed by something else";
    return NULL;
}

static enum multipart_event read_line(struct multipart *multipart, cgw_str *input)
{
    while (input->len && multipart->state >= LINE && multipart->state <= LINE_END) {
        const char *error = line_character(multipart, *input->ptr);
        if (error)
            return fail(multipart, error);
        skip(input, 1);
    }
    return multipart->state == CLOSED ? MULTIPART_END : MULTIPART_MORE;
}

/* Is the line that ends at head_len the empty one? */
static bool is_head_over(const struct multipart *multipart)
{
    size_t len = multipart->head_len;
    const char *end = multipart->head + len;
    return len >= 2 && memcmp(end - 2, "\r\n", 2) == 0 && (len == 2 || end[-3] == '\n');
}

/* The line's end that closes the head may be the one that a delimiter begins with. */
static enum multipart_event end_head(struct multipart *multipart, cgw_str *ret_data)
{
    *ret_data = (cgw_str){multipart->head, multipart->head_len - 2};
    multipart->state = DATA;
    multipart->matched = multipart->virtual = 2;
    return MULTIPART_PART;
}

static enum multipart_event read_head(struct multipart *multipart, cgw_str *input,
                                      cgw_str *ret_data)
{
    while (input->len) {
        const char *newline = memchr(input->ptr, '\n', input->len);
        size_t n = newline ? (size_t)(newline - input->ptr) + 1 : input->len;
        if (n > multipart->head_max - multipart->head_len)
            return fail(multipart, "the header of a part is too large");
        memcpy(multipart->head + multipart->head_len, input->ptr, n);
        multipart->head_len += n;
        skip(input, n);
        if (newline && is_head_over(multipart))
            return end_head(multipart, ret_data);
    }
    return MULTIPART_MORE;
}

/* ---- all of it ---- */

static enum multipart_event step(struct multipart *multipart, cgw_str *input, cgw_str *ret_data)
{
    switch ((enum state)multipart->state) {
    case PREAMBLE:
        return read_preamble(multipart, input);
    case LINE:
    case DASH:
    case PADDING:
    case LINE_END:
        return read_line(multipart, input);
    case HEAD:
        return read_head(multipart, input, ret_data);
    case DATA:
        return read_data(multipart, input, ret_data);
    case CLOSED:
        skip(input, input->len);
        return MULTIPART_END;
    case BAD:
    default:
        return MULTIPART_BAD;
    }
}

enum multipart_event multipart_next(struct multipart *multipart, cgw_str *input, cgw_str *ret_data)
{
    enum multipart_event event;
    *ret_data = (cgw_str){"", 0};
    do {
        event = step(multipart, input, ret_data);
        if (event == MULTIPART_OVER && !multipart->is_in_part)
            event = MULTIPART_MORE; /* only the preamble */
    } while (event == MULTIPART_MORE && input->len);
    if (event == MULTIPART_PART || event == MULTIPART_OVER)
        multipart->is_in_part = event == MULTIPART_PART;
    return event;
}

const char *multipart_end(const struct multipart *multipart)
{
    if (multipart->state == BAD)
        return multipart->error;
    return multipart->state == CLOSED ? NULL : "it ends before its last boundary";
}
