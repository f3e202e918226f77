/* The parser behind urlencoded.h. An escape that is cut by the input's end is kept and goes in
   front of the next input, one character at a time. */
#include "web/urlencoded.h"
#include <string.h>

enum state { NAME, VALUE, CLOSED, BAD };

void urlencoded_init(struct urlencoded *urlencoded, char *name, size_t name_max)
{
    urlencoded->name = name;
    urlencoded->name_max = name_max;
    urlencoded->name_len = 0;
    urlencoded->n_escape = 0;
    urlencoded->state = NAME;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void skip(cgw_str *input, size_t n)
{
    input->ptr += n;
    input->len -= n;
}

/* Room for what one step may give out: a % that was none, a digit, a character. */
enum { STEP_MAX = 3 };

/* What was kept is no escape: it stands for itself. */
static size_t release(struct urlencoded *urlencoded, char *to)
{
    size_t n = urlencoded->n_escape;
    memcpy(to, urlencoded->escape, n);
    urlencoded->n_escape = 0;
    return n;
}

/* The next character, decoded: 0 to STEP_MAX bytes. */
static size_t step(struct urlencoded *urlencoded, cgw_str *input, char *to)
{
    char c = *input->ptr;
    if (urlencoded->n_escape && hex(c) < 0)
        return release(urlencoded, to); /* c is looked at again */
    skip(input, 1);
    if (urlencoded->n_escape == 2) {
        *to = (char)(hex(urlencoded->escape[1]) * 16 + hex(c));
        urlencoded->n_escape = 0;
        return 1;
    }
    if (urlencoded->n_escape || c == '%') {
        urlencoded->escape[urlencoded->n_escape++] = c;
        return 0;
    }
    *to = c == '+' ? ' ' : c;
    return 1;
}

/* Does the text end here? What is kept of an escape comes out first. */
static bool is_at(const struct urlencoded *urlencoded, const cgw_str *input, bool is_last,
                  const char *ends)
{
    if (urlencoded->n_escape)
        return false;
    return input->len ? memchr(ends, *input->ptr, strlen(ends)) != NULL : is_last;
}

/* Bytes at the input's front that stand for themselves. */
static size_t count_plain(cgw_str input, size_t room)
{
    size_t n = 0, most = input.len < room ? input.len : room;
    while (n < most && input.ptr[n] != '%' && input.ptr[n] != '+' && input.ptr[n] != '&' &&
           input.ptr[n] != '=')
        n++;
    return n;
}

/* Decode up to one of ends. How many bytes came out; they fit. */
static size_t decode(struct urlencoded *urlencoded, cgw_str *input, bool is_last, const char *ends,
                     char *to, size_t room)
{
    size_t n = 0;
    while (room - n >= STEP_MAX && !is_at(urlencoded, input, is_last, ends)) {
        size_t plain = urlencoded->n_escape ? 0 : count_plain(*input, room - n);
        memcpy(to + n, input->ptr, plain);
        skip(input, plain);
        n += plain;
        if (plain)
            continue;
        if (input->len)
            n += step(urlencoded, input, to + n);
        else if (is_last)
            n += release(urlencoded, to + n);
        else
            break;
    }
    return n;
}

static enum urlencoded_event end_name(struct urlencoded *urlencoded, cgw_str *input,
                                      cgw_str *ret_data)
{
    bool has_value = input->len && *input->ptr == '=';
    if (!has_value && urlencoded->name_len == 0) {
        if (!input->len) {
            urlencoded->state = CLOSED;
            return URLENCODED_END;
        }
        skip(input, 1);
        return URLENCODED_MORE;
    }
    skip(input, has_value);
    *ret_data = (cgw_str){urlencoded->name, urlencoded->name_len};
    urlencoded->state = VALUE;
    return URLENCODED_FIELD;
}

static enum urlencoded_event read_name(struct urlencoded *urlencoded, cgw_str *input, bool is_last,
                                       cgw_str *ret_data)
{
    size_t room = urlencoded->name_max - urlencoded->name_len;
    urlencoded->name_len +=
        decode(urlencoded, input, is_last, "=&", urlencoded->name + urlencoded->name_len, room);
    if (urlencoded->name_max - urlencoded->name_len < STEP_MAX) {
        urlencoded->state = BAD;
        return URLENCODED_BAD;
    }
    if (is_at(urlencoded, input, is_last, "=&"))
        return end_name(urlencoded, input, ret_data);
    return URLENCODED_MORE;
}

static enum urlencoded_event read_value(struct urlencoded *urlencoded, cgw_str *input, bool is_last,
                                        cgw_str *ret_data)
{
    size_t n = decode(urlencoded, input, is_last, "&", urlencoded->data, sizeof(urlencoded->data));
    if (n) {
        *ret_data = (cgw_str){urlencoded->data, n};
        return URLENCODED_DATA;
    }
    if (!is_at(urlencoded, input, is_last, "&"))
        return URLENCODED_MORE;
    skip(input, input->len > 0);
    urlencoded->state = NAME;
    urlencoded->name_len = 0;
    return URLENCODED_OVER;
}

enum urlencoded_event urlencoded_next(struct urlencoded *urlencoded, cgw_str *input, bool is_last,
                                      cgw_str *ret_data)
{
    enum urlencoded_event event = URLENCODED_MORE;
    *ret_data = (cgw_str){"", 0};
    do {
        switch ((enum state)urlencoded->state) {
        case NAME:
            event = read_name(urlencoded, input, is_last, ret_data);
            break;
        case VALUE:
            event = read_value(urlencoded, input, is_last, ret_data);
            break;
        case CLOSED:
            return URLENCODED_END;
        case BAD:
        default:
            return URLENCODED_BAD;
        }
    } while (event == URLENCODED_MORE && (input->len || is_last));
    return event;
}
