/*
 * Numbers from text. One digit loop checks form and range at once; everything else is a suffix and
 * a multiplication that cannot overflow because the range is divided, never the value multiplied.
 */
#include "base/number.h"
#include <errno.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int digit_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* 1*DIGIT of the base. A digit too many is -ERANGE only where all of the text is of the form. */
static int number_of_base(struct str text, unsigned base, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    bool is_too_large = false;
    if (text.len == 0)
        return -EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)digit_value(text.ptr[i]);
        if (digit >= base)
            return -EINVAL;
        if (is_too_large || digit > max || value > (max - digit) / base)
            is_too_large = true;
        else
            value = value * base + digit;
    }
    if (is_too_large)
        return -ERANGE;
    *ret_value = value;
    return 0;
}

int number_decimal(struct str text, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t i = 0;
    if (text.len <= 18) /* no overflow: the common case needs no care */
        for (; i < text.len && is_digit(text.ptr[i]); i++)
            value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    if (i == text.len && i && value <= max) {
        *ret_value = value;
        return 0;
    }
    return number_of_base(text, 10, max, ret_value);
}

int number_hex(struct str text, uint64_t max, uint64_t *ret_value)
{
    return number_of_base(text, 16, max, ret_value);
}

int number_bytes(struct str text, uint64_t max, uint64_t *ret_bytes)
{
    static const char units[] = "kmg";
    unsigned shift = 0;
    if (text.len > 0) {
        const char *unit = memchr(units, ascii_lower(text.ptr[text.len - 1]), sizeof(units) - 1);
        if (unit) {
            shift = 10 * (unsigned)(unit - units + 1);
            text.len--;
        }
    }
    uint64_t value;
    int rc = number_of_base(text, 10, max >> shift, &value);
    if (rc == 0)
        *ret_bytes = value << shift;
    return rc;
}

/* Milliseconds of the unit at the end of text, which is taken off; seconds where there is none. */
static uint64_t take_unit(struct str *text)
{
    static const struct {
        struct str name;
        uint64_t ms;
    } units[] = {{{"ms", 2}, 1}, {{"s", 1}, 1000}, {{"m", 1}, 60000}, {{"h", 1}, 3600000}};
    size_t n = text->len;
    while (n > 0 && !is_digit(text->ptr[n - 1]))
        n--;
    struct str name = {text->ptr + n, text->len - n};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (name.len && str_is_nocase(name, units[i].name)) {
            text->len = n;
            return units[i].ms;
        }
    }
    return 1000;
}

/* Milliseconds of 0.fraction units, rounded up so that a little is never nothing. */
static int fraction_ms(struct str fraction, uint64_t unit_ms, uint64_t *ret_ms)
{
    uint64_t digits, scale = 1;
    if (fraction.len > 9 || number_of_base(fraction, 10, UINT64_MAX, &digits) != 0)
        return -EINVAL;
    for (size_t i = 0; i < fraction.len; i++)
        scale *= 10;
    *ret_ms = (digits * unit_ms + scale - 1) / scale;
    return 0;
}

int number_duration(struct str text, uint64_t max_ms, uint64_t *ret_ms)
{
    if (text.len == 0)
        return -EINVAL;
    uint64_t unit_ms = take_unit(&text), whole, part = 0;
    const char *dot = memchr(text.ptr, '.', text.len);
    struct str left = {text.ptr, dot ? (size_t)(dot - text.ptr) : text.len};
    if (dot && fraction_ms((struct str){dot + 1, text.len - left.len - 1}, unit_ms, &part) != 0)
        return -EINVAL;
    int rc = number_of_base(left, 10, max_ms / unit_ms, &whole);
    if (rc != 0)
        return rc;
    if (part > max_ms - whole * unit_ms)
        return -ERANGE;
    *ret_ms = whole * unit_ms + part;
    return 0;
}

int number_mode(struct str text, unsigned *ret_mode)
{
    uint64_t mode;
    int rc = number_of_base(text, 8, 0777, &mode);
    if (rc == 0)
        *ret_mode = (unsigned)mode;
    return rc;
}

int number_bool(struct str text, bool *ret_value)
{
    static const char *const words[] = {"0", "1", "no", "yes", "false", "true", "off", "on"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_is_nocase(text, str_from(words[i]))) {
            *ret_value = i % 2 == 1;
            return 0;
        }
    }
    return -EINVAL;
}

size_t number_print(char *dst, uint64_t value)
{
    static const char pairs[] = "0001020304050607080910111213141516171819"
                                "2021222324252627282930313233343536373839"
                                "4041424344454647484950515253545556575859"
                                "6061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    size_t n = 1;
    for (uint64_t limit = 10; n < 20 && value >= limit; limit *= 10)
        n++;
    char *p = dst + n;
    for (; value >= 10; value /= 100)
        memcpy(p -= 2, pairs + value % 100 * 2, 2);
    if (p > dst)
        *--p = (char)('0' + value);
    return n;
}
