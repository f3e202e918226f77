/* Pieces of a line: nothing is ever put past its room; what does not fit is cut. */
#include "app/access_out.h"
#include "base/number.h"
#include <stdbool.h>
#include <stdio.h>

void access_out_put(struct access_out *out, const char *ptr, size_t len)
{
    if (len > out->room - out->used)
        len = out->room - out->used;
    memcpy(out->dst + out->used, ptr, len);
    out->used += len;
}

void access_out_number(struct access_out *out, uint64_t value)
{
    char digits[20] = "";
    size_t n = number_print(digits, value);
    access_out_put(out, digits, n);
}

/* value in exactly n digits. */
void access_out_digits(struct access_out *out, uint64_t value, size_t n)
{
    char digits[20];
    for (size_t i = n; i-- > 0; value /= 10)
        digits[i] = (char)('0' + value % 10);
    access_out_put(out, digits, n);
}

void access_out_request_id(struct access_out *out, uint64_t id)
{
    static const char hex[] = "0123456789abcdef";
    char digits[16];
    for (size_t i = sizeof(digits); i-- > 0; id >>= 4)
        digits[i] = hex[id & 15];
    access_out_put(out, digits, sizeof(digits));
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* One byte that may not stand as it is; at most 4. */
static size_t escape_byte(char *dst, char c)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;
    dst[0] = '\\';
    dst[1] = c == '"' || c == '\\' ? c : 'x';
    if (dst[1] == c)
        return 2;
    dst[2] = hex[byte >> 4];
    dst[3] = hex[byte & 15];
    return 4;
}

/* Escaped text, at most max bytes of it; runs of plain bytes are copied whole. */
void access_out_text(struct access_out *out, struct str text, size_t max)
{
    struct access_out cut = {out->dst + out->used, out->room - out->used, 0};
    if (cut.room > max)
        cut.room = max;
    for (size_t i = 0; i < text.len && cut.used < cut.room;) {
        size_t run = i;
        while (run < text.len && is_plain(text.ptr[run]))
            run++;
        access_out_put(&cut, text.ptr + i, run - i);
        i = run;
        if (i == text.len)
            break;
        char escaped[4];
        size_t n = escape_byte(escaped, text.ptr[i++]);
        if (n > cut.room - cut.used)
            break;
        access_out_put(&cut, escaped, n);
    }
    out->used += cut.used;
}

const struct access_out_stamp *access_out_stamp(uint64_t wall_us)
{
    static _Thread_local struct access_out_stamp cached = {.second = -1};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t second = (time_t)(wall_us / 1000000);
    struct tm utc;
    if (second == cached.second || !gmtime_r(&second, &utc))
        return &cached;
    int year = (utc.tm_year + 1900) % 10000;
    cached.second = second;
    cached.apache_len = (size_t)snprintf(
        cached.apache, sizeof(cached.apache), "%02d/%s/%04d:%02d:%02d:%02d +0000",
        utc.tm_mday % 100, months[utc.tm_mon % 12], year, utc.tm_hour, utc.tm_min, utc.tm_sec);
    cached.iso_len =
        (size_t)snprintf(cached.iso, sizeof(cached.iso), "%04d-%02d-%02dT%02d:%02d:%02d", year,
                         utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
    return &cached;
}
