/* A list; a cookie of the same name, domain and path replaces the one before. */
#include "tester_cookies.h"
#include "tester_clock.h"
#include "tester_memory.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

/* ---- dates (5.1.1: whatever the order of its parts) ---- */

static int month_of(const char *token)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; i < 12; i++)
        if (strncasecmp(token, months + 3 * i, 3) == 0)
            return i;
    return -1;
}

static void read_token(const char *token, size_t len, struct tm *tm, unsigned *found)
{
    enum { TIME = 1, DAY = 2, MONTH = 4, YEAR = 8 };
    size_t digits = strspn(token, "0123456789");
    int hour, minute, second;
    if (!(*found & TIME) && sscanf(token, "%2d:%2d:%2d", &hour, &minute, &second) == 3) {
        tm->tm_hour = hour, tm->tm_min = minute, tm->tm_sec = second;
        *found |= TIME;
    } else if (!(*found & DAY) && (digits == 1 || digits == 2)) {
        tm->tm_mday = (int)strtol(token, NULL, 10);
        *found |= DAY;
    } else if (!(*found & MONTH) && len >= 3 && month_of(token) >= 0) {
        tm->tm_mon = month_of(token);
        *found |= MONTH;
    } else if (!(*found & YEAR) && digits >= 2 && digits <= 4) {
        int year = (int)strtol(token, NULL, 10);
        tm->tm_year = year >= 100 ? year - 1900 : year < 70 ? year + 100 : year;
        *found |= YEAR;
    }
}

/* Seconds since 1970. false: no date. */
static bool read_date(const char *text, double *ret_seconds)
{
    struct tm tm = {0};
    unsigned found = 0;
    while (*text) {
        size_t n = 0;
        while (isalnum((unsigned char)text[n]) || text[n] == ':')
            n++;
        if (n)
            read_token(text, n, &tm, &found);
        text += n ? n : 1;
    }
    if (found != 15)
        return false;
    *ret_seconds = (double)timegm(&tm);
    return true;
}

/* ---- parts ---- */

/* Of the text between p and end, without blanks around. */
static char *trimmed(cgw_test *test, const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return tester_memory_copy(test, p, (size_t)(end - p));
}

static char *host_name(cgw_test *test, const struct tester_url *url)
{
    const char *colon = strrchr(url->host, ':');
    bool has_port = colon && !strchr(colon, ']');
    char *name = tester_memory_copy(test, url->host,
                                    has_port ? (size_t)(colon - url->host) : strlen(url->host));
    for (char *p = name; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return name;
}

static bool is_domain(const char *host, const char *domain)
{
    size_t n = strlen(host), m = strlen(domain);
    return n >= m && strcasecmp(host + n - m, domain) == 0 && (n == m || host[n - m - 1] == '.');
}

static bool is_path(const char *target, const char *path)
{
    size_t n = strcspn(target, "?"), m = strlen(path);
    return n >= m && memcmp(target, path, m) == 0 &&
           (n == m || path[m - 1] == '/' || target[m] == '/');
}

/* The folder of the target (5.1.4). */
static char *default_path(cgw_test *test, const char *target)
{
    size_t n = strcspn(target, "?");
    while (n > 1 && target[n - 1] != '/')
        n--;
    return tester_memory_copy(test, target, n > 1 ? n - 1 : 1);
}

static void expire_after(cgw_test *test, struct tester_cookie *cookie, double seconds)
{
    cookie->expires_us = seconds <= 0 ? test->now_us : test->now_us + tester_clock_us(seconds);
}

static void read_attribute(cgw_test *test, struct tester_cookie *cookie, const char *name,
                           char *value, bool *has_age)
{
    double date;
    if (strcasecmp(name, "domain") == 0 && *value) {
        cookie->domain = value + (*value == '.');
        cookie->is_host_only = false;
    } else if (strcasecmp(name, "path") == 0 && *value == '/') {
        cookie->path = value;
    } else if (strcasecmp(name, "secure") == 0) {
        cookie->is_secure = true;
    } else if (strcasecmp(name, "max-age") == 0 && strspn(value, "-0123456789") &&
               !value[strspn(value, "-0123456789")]) {
        expire_after(test, cookie, strtod(value, NULL));
        *has_age = true;
    } else if (strcasecmp(name, "expires") == 0 && !*has_age && read_date(value, &date)) {
        expire_after(test, cookie, date - test->epoch - (double)test->now_us / 1e6);
    }
}

static void read_attributes(cgw_test *test, struct tester_cookie *cookie, const char *text)
{
    bool has_age = false;
    while (*text == ';') {
        text++;
        const char *end = text + strcspn(text, ";");
        const char *equals = memchr(text, '=', (size_t)(end - text));
        char *name = trimmed(test, text, equals ? equals : end);
        char *value = equals ? trimmed(test, equals + 1, end) : tester_memory_copy(test, "", 0);
        read_attribute(test, cookie, name, value, &has_age);
        text = end;
    }
}

/* ---- the list ---- */

static bool is_same(const struct tester_cookie *a, const struct tester_cookie *b)
{
    return strcmp(a->name, b->name) == 0 && strcasecmp(a->domain, b->domain) == 0 &&
           strcmp(a->path, b->path) == 0;
}

static void put(cgw_test *test, struct tester_cookie *cookie)
{
    struct tester_cookie **at = &test->cookies;
    while (*at && !is_same(*at, cookie))
        at = &(*at)->next;
    cookie->next = *at ? (*at)->next : NULL;
    *at = cookie;
}

void tester_cookies_take(cgw_test *test, const struct tester_url *url, const char *set_cookie)
{
    const char *end = set_cookie + strcspn(set_cookie, ";");
    const char *equals = memchr(set_cookie, '=', (size_t)(end - set_cookie));
    struct tester_cookie *cookie = tester_memory_alloc(test, sizeof *cookie);
    if (!equals || equals == set_cookie)
        return;
    char *host = host_name(test, url);
    *cookie = (struct tester_cookie){.name = trimmed(test, set_cookie, equals),
                                     .value = trimmed(test, equals + 1, end),
                                     .domain = host,
                                     .path = default_path(test, url->target),
                                     .is_host_only = true,
                                     .expires_us = TESTER_NEVER};
    read_attributes(test, cookie, end);
    if (is_domain(host, cookie->domain) && (!cookie->is_secure || url->is_https))
        put(test, cookie);
}

static bool is_alive(const cgw_test *test, const struct tester_cookie *cookie)
{
    return cookie->expires_us == TESTER_NEVER || cookie->expires_us > test->now_us;
}

static bool is_for(const cgw_test *test, const struct tester_cookie *cookie, const char *host,
                   const struct tester_url *url)
{
    bool fits = cookie->is_host_only ? strcasecmp(host, cookie->domain) == 0
                                     : is_domain(host, cookie->domain);
    return fits && is_path(url->target, cookie->path) && (!cookie->is_secure || url->is_https) &&
           is_alive(test, cookie);
}

char *tester_cookies_for(cgw_test *test, const struct tester_url *url)
{
    char *host = host_name(test, url), *text = NULL;
    for (const struct tester_cookie *cookie = test->cookies; cookie; cookie = cookie->next)
        if (is_for(test, cookie, host, url))
            text = tester_memory_printf(test, "%s%s%s=%s", text ? text : "", text ? "; " : "",
                                        cookie->name, cookie->value);
    return text;
}

void cgw_test_cookie(cgw_test *test, const char *name, const char *value)
{
    for (struct tester_cookie *old = test->cookies; old; old = old->next)
        if (strcmp(old->name, name) == 0 && strcmp(old->domain, TESTER_HOST) == 0)
            old->expires_us = 0;
    if (!value)
        return;
    struct tester_cookie *cookie = tester_memory_alloc(test, sizeof *cookie);
    *cookie = (struct tester_cookie){.name = tester_memory_copy(test, name, strlen(name)),
                                     .value = tester_memory_copy(test, value, strlen(value)),
                                     .domain = tester_memory_copy(test, TESTER_HOST, 10),
                                     .path = tester_memory_copy(test, "/", 1),
                                     .is_host_only = true,
                                     .expires_us = TESTER_NEVER};
    put(test, cookie);
}

const char *cgw_test_cookie_value(cgw_test *test, const char *name)
{
    for (const struct tester_cookie *cookie = test->cookies; cookie; cookie = cookie->next)
        if (strcmp(cookie->name, name) == 0 && strcmp(cookie->domain, TESTER_HOST) == 0 &&
            is_alive(test, cookie))
            return cookie->value;
    return NULL;
}
