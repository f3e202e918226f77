/*
 * The tag is strong although it is made of time and size alone: file systems stamp by the tick of
 * the kernel (some milliseconds), and a file that changes twice within one at the same length is
 * not what one serves as static.
 */
#include "files/validator.h"
#include <stdio.h>
#include <string.h>

#define STRONG_S 60 /* a file so old is not written twice in the second of its date */

void validator_init(struct validator *validator, uint64_t size, struct timespec mtime, time_t now)
{
    struct tm tm;
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    uint64_t ns = (uint64_t)mtime.tv_sec * 1000000000u + (uint64_t)mtime.tv_nsec;
    snprintf(validator->etag, sizeof(validator->etag), "\"%llx-%llx\"", (unsigned long long)ns,
             (unsigned long long)size);
    validator->modified = mtime.tv_sec < 0 ? 0 : mtime.tv_sec > now ? now : mtime.tv_sec;
    validator->is_date_strong = now - validator->modified >= STRONG_S;
    if (!gmtime_r(&validator->modified, &tm))
        memset(&tm, 0, sizeof(tm));
    snprintf(validator->date, sizeof(validator->date), "%s, %02d %s %04d %02d:%02d:%02d GMT",
             days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
             tm.tm_min, tm.tm_sec);
}

void validator_encode(struct validator *validator, const char *encoding)
{
    size_t len = strlen(validator->etag) - 1; /* in front of the quote */
    snprintf(validator->etag + len, sizeof(validator->etag) - len, "-%.8s\"", encoding);
}

bool validator_parse_date(const char *text, time_t *ret_time)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %d %H:%M:%S %Y"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm tm = {.tm_isdst = 0};
        const char *end = strptime(text, forms[i], &tm);
        if (!end || *end)
            continue;
        *ret_time = timegm(&tm);
        return true;
    }
    return false;
}

static bool is_named(const struct cgw_header *header, const char *name)
{
    return header->name.len == strlen(name) &&
           memcmp(header->name.ptr, name, header->name.len) == 0;
}

static const struct cgw_header *find(const struct cgw_header *headers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (is_named(&headers[i], name))
            return &headers[i];
    return NULL;
}

/* Is ours among the tags of the list: "*", or "a", W/"b". A weak one counts where is_weak_ok. */
static bool lists_tag(struct cgw_str list, const char *etag, bool is_weak_ok)
{
    const char *at = list.ptr, *end = list.ptr + list.len;
    size_t len = strlen(etag);
    while (at < end) {
        if (*at == '*')
            return true;
        bool is_weak = end - at > 2 && at[0] == 'W' && at[1] == '/';
        at += is_weak ? 2 : 0;
        if (*at != '"') {
            at++;
            continue;
        }
        const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));
        if (!quote)
            return false;
        if ((is_weak_ok || !is_weak) && (size_t)(quote + 1 - at) == len &&
            memcmp(at, etag, len) == 0)
            return true;
        at = quote + 1;
    }
    return false;
}

/* A list may come in several fields. 1 or 0, or -1 where there is none of that name. */
static int matches(const struct validator *validator, const struct cgw_header *headers, size_t n,
                   const char *name, bool is_weak_ok)
{
    int answer = -1;
    for (size_t i = 0; i < n; i++) {
        if (!is_named(&headers[i], name))
            continue;
        if (lists_tag(headers[i].value, validator->etag, is_weak_ok))
            return 1;
        answer = 0;
    }
    return answer;
}

/* Was it modified after the date of that field: 1 or 0, or -1 without a date one can read. */
static int is_newer(const struct validator *validator, const struct cgw_header *headers, size_t n,
                    const char *name)
{
    const struct cgw_header *header = find(headers, n, name);
    time_t since;
    if (!header || !validator_parse_date(header->value.ptr, &since))
        return -1;
    return validator->modified > since;
}

enum validator_answer validator_ask(const struct validator *validator,
                                    const struct cgw_header *headers, size_t n_headers)
{
    int is_match = matches(validator, headers, n_headers, "if-match", false);
    if (is_match == 0 ||
        (is_match < 0 && is_newer(validator, headers, n_headers, "if-unmodified-since") == 1))
        return VALIDATOR_MISMATCH;
    int is_held = matches(validator, headers, n_headers, "if-none-match", true);
    if (is_held == 1 ||
        (is_held < 0 && is_newer(validator, headers, n_headers, "if-modified-since") == 0))
        return VALIDATOR_SAME;
    return VALIDATOR_SEND;
}

/* A date must be ours exactly, and strong; a weak tag never matches. */
bool validator_allows_range(const struct validator *validator, const struct cgw_header *headers,
                            size_t n_headers)
{
    const struct cgw_header *header = find(headers, n_headers, "if-range");
    time_t date;
    if (!header)
        return true;
    if (header->value.len > 0 && header->value.ptr[0] == '"')
        return header->value.len == strlen(validator->etag) &&
               memcmp(header->value.ptr, validator->etag, header->value.len) == 0;
    return validator->is_date_strong && validator_parse_date(header->value.ptr, &date) &&
           date == validator->modified;
}
