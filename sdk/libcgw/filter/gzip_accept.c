/* What a client says of gzip: Accept-Encoding, RFC 9110, 12.5.3. What is malformed says nothing. */
#include "filter/gzip_accept.h"
#include <string.h>

enum { UNSAID = -1, MOST = 1000 };

/* Of each, thousandths. */
struct wishes {
    int gzip, identity, others;
};

static struct cgw_str trim(struct cgw_str text)
{
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        text = (struct cgw_str){text.ptr + 1, text.len - 1};
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* "0", "1", "0.123", "1.000": thousandths; UNSAID: none of these. */
static int read_weight(struct cgw_str text)
{
    int value = 0, unit = 100;
    if (!text.len || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (text.len > 1 && text.ptr[1] != '.'))
        return UNSAID;
    value = text.ptr[0] == '1' ? MOST : 0;
    for (size_t i = 2; i < text.len; i++, unit /= 10) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return UNSAID;
        value += (text.ptr[i] - '0') * unit;
    }
    return value > MOST ? UNSAID : value;
}

/* ";q=0.5" behind a coding; without it MOST. */
static int weight_of(struct cgw_str parameters)
{
    while (parameters.len) {
        parameters = (struct cgw_str){parameters.ptr + 1, parameters.len - 1};
        const char *end = memchr(parameters.ptr, ';', parameters.len);
        size_t len = end ? (size_t)(end - parameters.ptr) : parameters.len;
        struct cgw_str one = trim((struct cgw_str){parameters.ptr, len});
        if (one.len >= 2 && (one.ptr[0] == 'q' || one.ptr[0] == 'Q') && one.ptr[1] == '=')
            return read_weight((struct cgw_str){one.ptr + 2, one.len - 2});
        parameters = (struct cgw_str){parameters.ptr + len, parameters.len - len};
    }
    return MOST;
}

static void take(struct wishes *wishes, struct cgw_str element)
{
    const char *end = memchr(element.ptr, ';', element.len);
    size_t len = end ? (size_t)(end - element.ptr) : element.len;
    struct cgw_str coding = trim((struct cgw_str){element.ptr, len});
    int weight = weight_of((struct cgw_str){element.ptr + len, element.len - len});
    if (weight == UNSAID)
        return;
    if (filter_is(coding, "gzip") || filter_is(coding, "x-gzip"))
        wishes->gzip = weight;
    else if (filter_is(coding, "identity"))
        wishes->identity = weight;
    else if (filter_is(coding, "*"))
        wishes->others = weight;
}

bool gzip_accept(const struct cgw_header *headers, size_t n)
{
    struct wishes wishes = {UNSAID, UNSAID, UNSAID};
    for (size_t i = 0; i < n; i++) {
        struct cgw_str rest = headers[i].value, element;
        if (!filter_is(headers[i].name, "accept-encoding"))
            continue;
        while (filter_next_element(&rest, &element))
            take(&wishes, element);
    }
    int gzip = wishes.gzip == UNSAID ? wishes.others : wishes.gzip;
    return gzip > 0 && gzip >= wishes.identity;
}
