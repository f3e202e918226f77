/* A reader per kind of option: each writes one field of the settings, or says what it takes. */
#include "proc/options/options_value.h"
#include "app/access.h"
#include "base/mem.h"
#include "base/number.h"
#include "proc/options/options_report.h"
#include "proto/chars.h"
#include "proto/forwarded.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/un.h>

/* One value on its way. */
struct value {
    const struct option *option;
    struct str text; /* NUL-terminated */
    struct arena *arena;
    struct settings *settings;
    char *why;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct value *value, const char *format,
                                                        ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(value->why, OPTIONS_WHY_BYTES, format, args);
    va_end(args);
    return -EINVAL;
}

static void *place(struct value *value)
{
    return (char *)value->settings + value->option->offset;
}

/* number, which fits, into a field of the option's width. */
static int keep_number(struct value *value, uint64_t number)
{
    uint16_t narrow = (uint16_t)number;
    uint32_t middle = (uint32_t)number;
    const void *from = value->option->width == sizeof(narrow)   ? (const void *)&narrow
                       : value->option->width == sizeof(middle) ? (const void *)&middle
                                                                : (const void *)&number;
    memcpy(place(value), from, value->option->width);
    return 0;
}

static int keep_text(struct value *value, struct str text)
{
    const char *copy = arena_copy(value->arena, text.ptr, text.len);
    if (!copy)
        return -ENOMEM;
    memcpy(place(value), &copy, sizeof(copy));
    return 0;
}

/* ---- numbers ---- */

static int read_switch(struct value *value)
{
    bool is_on;
    if (number_bool(value->text, &is_on) != 0)
        return refuse(value, "takes yes or no (also on, off, true, false, 1, 0)");
    memcpy(place(value), &is_on, sizeof(is_on));
    return 0;
}

static int read_number(struct value *value)
{
    const struct option *option = value->option;
    uint64_t number;
    if (number_decimal(value->text, option->most, &number) != 0 || number < option->least)
        return refuse(value, "takes a number from %llu to %llu", (unsigned long long)option->least,
                      (unsigned long long)option->most);
    return keep_number(value, number);
}

/* 32768 as "32k", for messages. */
static const char *size_text(uint64_t bytes, char *dst, size_t room)
{
    static const char units[] = " kMG";
    size_t unit = 0;
    while (bytes != 0 && bytes % 1024 == 0 && unit < 3)
        bytes /= 1024, unit++;
    snprintf(dst, room, "%llu%.*s", (unsigned long long)bytes, unit ? 1 : 0, units + unit);
    return dst;
}

static int read_workers(struct value *value)
{
    if (str_is_nocase(value->text, STR("auto")))
        return keep_number(value, 0);
    return read_number(value) == 0 ? 0
                                   : refuse(value, "takes auto, or a number from %llu to %llu",
                                            (unsigned long long)value->option->least,
                                            (unsigned long long)value->option->most);
}

static int read_bytes(struct value *value)
{
    const struct option *option = value->option;
    uint64_t bytes;
    if (number_bytes(value->text, option->most, &bytes) != 0 || bytes < option->least) {
        char least[24], most[24];
        return refuse(value, "takes a size from %s to %s, in bytes or with k, M or G",
                      size_text(option->least, least, sizeof(least)),
                      size_text(option->most, most, sizeof(most)));
    }
    return keep_number(value, bytes);
}

static int read_seconds(struct value *value)
{
    const struct option *option = value->option;
    uint64_t ms;
    if (number_duration(value->text, option->most, &ms) != 0 || ms < option->least)
        return refuse(value, "takes a time from %s to %lluh, in seconds or with ms, s, m or h",
                      option->least ? "1ms" : "0",
                      (unsigned long long)option->most / (3600 * 1000));
    return keep_number(value, ms);
}

static int read_mode(struct value *value)
{
    unsigned mode;
    if (number_mode(value->text, &mode) != 0)
        return refuse(value, "takes an octal mode from 0 to 0777");
    return keep_number(value, mode);
}

static int read_choice(struct value *value)
{
    struct str choices = str_from(value->option->choices);
    for (unsigned i = 0; choices.len; i++) {
        const char *bar = memchr(choices.ptr, '|', choices.len);
        size_t n = bar ? (size_t)(bar - choices.ptr) : choices.len;
        if (str_is_nocase(value->text, (struct str){choices.ptr, n}))
            return keep_number(value, i);
        choices.ptr += n + (bar != NULL);
        choices.len -= n + (bar != NULL);
    }
    return refuse(value, "takes %s", value->option->choices);
}

/* ---- texts ---- */

static int read_path(struct value *value)
{
    if (value->text.len == 0)
        return refuse(value, "takes the path of a file");
    return keep_text(value, value->text);
}

static int read_text(struct value *value)
{
    if (value->text.len == 0)
        return refuse(value, "takes a text");
    return keep_text(value, value->text);
}

static int append(struct value *value, struct settings_list *list, struct str text)
{
    size_t size = sizeof(*list->items);
    const char **items =
        arena_grow(value->arena, list->items, list->n * size, (list->n + 1) * size);
    if (!items)
        return -ENOMEM;
    list->items = items;
    items[list->n] = arena_copy(value->arena, text.ptr, text.len);
    if (!items[list->n])
        return -ENOMEM;
    list->n++;
    return 0;
}

static bool is_source(struct str text)
{
    return text.len > 2 && memcmp(text.ptr + text.len - 2, ".c", 2) == 0;
}

/* Of several C files the first names the module. */
static int read_source(struct value *value)
{
    struct settings_list *sources = &value->settings->sources;
    if (value->text.len == 0)
        return refuse(value, "takes the path of a file");
    if (!is_source(value->text) || sources->n == 0) {
        int rc = keep_text(value, value->text);
        if (rc != 0 || !is_source(value->text))
            return rc;
    }
    return append(value, sources, value->text);
}

/* Items between commas; blanks around them do not count, empty ones are wrong. */
static int read_list(struct value *value)
{
    struct settings_list list;
    struct str rest = value->text;
    memcpy(&list, place(value), sizeof(list));
    for (bool more = true; more;) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t n = comma ? (size_t)(comma - rest.ptr) : rest.len;
        struct str item = str_trim((struct str){rest.ptr, n});
        more = comma != NULL;
        if (item.len == 0)
            return refuse(value, "takes items with commas between");
        if (append(value, &list, item) != 0)
            return -ENOMEM;
        rest = (struct str){rest.ptr + n + more, rest.len - n - more};
    }
    memcpy(place(value), &list, sizeof(list));
    return 0;
}

static int read_uds(struct value *value)
{
    size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    if (value->text.len == 0 || value->text.len > most)
        return refuse(value, "takes the path of a socket, at most %zu bytes", most);
    return keep_text(value, value->text);
}

static bool is_address(struct str text)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    const char *zone = memchr(text.ptr, '%', text.len);
    size_t n = zone ? (size_t)(zone - text.ptr) : text.len;
    if (n >= sizeof(copy) || (zone && n + 1 == text.len))
        return false;
    memcpy(copy, text.ptr, n);
    copy[n] = '\0';
    return inet_pton(AF_INET6, copy, bytes) == 1 || (!zone && inet_pton(AF_INET, copy, bytes) == 1);
}

static bool is_label_byte(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '-' ||
           c == '_';
}

/*
 * Labels of 1 to 63 letters, digits, '-' and '_' between dots, 253 in all; the last has a letter,
 * so that a mistyped IPv4 address is no name (RFC 1123 2.1).
 */
static bool is_name(struct str text)
{
    size_t n = 0;
    bool has_letter = false;
    if (text.len && text.ptr[text.len - 1] == '.')
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.') {
            if (n == 0)
                return false;
            n = 0;
            has_letter = false;
        } else {
            if (!is_label_byte(text.ptr[i]) || ++n > 63)
                return false;
            has_letter |= text.ptr[i] < '0' || text.ptr[i] > '9';
        }
    }
    return n != 0 && has_letter && text.len <= 253;
}

static int read_host(struct value *value)
{
    struct str text = value->text;
    bool is_bracketed = text.len > 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']';
    if (is_bracketed)
        text = (struct str){text.ptr + 1, text.len - 2};
    bool is_v6 = memchr(text.ptr, ':', text.len) != NULL;
    bool is_good = is_v6 ? is_address(text) : !is_bracketed && (is_address(text) || is_name(text));
    if (!is_good)
        return refuse(value, "takes an IPv4 or IPv6 address or a host name, without a port");
    return keep_text(value, text);
}

/* Bytes that may stand in the path of a target and mean themselves, and no empty segment. */
static bool is_plain_path(struct str text)
{
    if (!chars_all(text, CHAR_TARGET))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_double = text.ptr[i] == '/' && i > 0 && text.ptr[i - 1] == '/';
        if (is_double || memchr("?#%", text.ptr[i], 3))
            return false;
    }
    return text.len == 0 || text.ptr[0] == '/';
}

static int read_prefix(struct value *value)
{
    struct str text = value->text;
    if (!is_plain_path(text) || (text.len && text.ptr[text.len - 1] == '/'))
        return refuse(value, "takes nothing, or a path in printable ASCII that begins with a slash "
                             "and does not end in one, without // ? # %%");
    const char *copy = arena_copy(value->arena, text.ptr, text.len);
    if (!copy)
        return -ENOMEM;
    text.ptr = copy;
    memcpy(place(value), &text, sizeof(text));
    return 0;
}

static int read_target(struct value *value)
{
    if (value->text.len == 0 || !is_plain_path(value->text))
        return refuse(value, "takes a path in printable ASCII that begins with a slash, without "
                             "// ? # %%");
    return keep_text(value, value->text);
}

/* HOST:PORT, split at the last colon; the host may be missing. */
static bool is_endpoint(struct value *value)
{
    struct str text = value->text;
    const char *colon = memrchr(text.ptr, ':', text.len);
    uint64_t port;
    if (!colon || number_decimal(str_from(colon + 1), 65535, &port) != 0)
        return false;
    struct str host = {text.ptr, (size_t)(colon - text.ptr)};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        return is_address((struct str){host.ptr + 1, host.len - 2});
    return host.len == 0 ||
           (!memchr(host.ptr, ':', host.len) && (is_address(host) || is_name(host)));
}

static bool is_socket(struct value *value)
{
    struct str text = value->text;
    return (text.len > 5 && memcmp(text.ptr, "unix:", 5) == 0) || is_endpoint(value);
}

static int read_address(struct value *value)
{
    if (!is_socket(value))
        return refuse(value, "takes HOST:PORT or unix:PATH");
    return keep_text(value, value->text);
}

static int read_metrics(struct value *value)
{
    struct str text = value->text;
    bool is_path = text.len && text.ptr[0] == '/' && is_plain_path(text);
    if (!is_path && !is_socket(value))
        return refuse(value, "takes HOST:PORT, unix:PATH, or the /PATH of a request");
    return keep_text(value, text);
}

static int read_trust(struct value *value)
{
    struct forwarded_trust *trust;
    struct str bad;
    int rc = forwarded_trust_new(value->text.ptr, &trust, &bad);
    if (rc == -ENOMEM)
        return rc;
    if (rc != 0) {
        char got[OPTIONS_TEXT_BYTES];
        bad.len = bad.len < 64 ? bad.len : 64;
        return refuse(value,
                      "takes addresses and CIDR blocks with commas between, unix, or *, and "
                      "\"%s\" is none",
                      options_report_text(got, bad));
    }
    forwarded_trust_free(trust);
    return keep_text(value, value->text);
}

static int read_format(struct value *value)
{
    char *error = NULL;
    int rc = access_format_check(value->text.ptr, &error);
    if (rc != 0 && rc != -ENOMEM)
        rc = refuse(value, "takes combined, json, or atoms: %s", error ? error : "bad format");
    mem_free(error);
    return rc == 0 ? keep_text(value, value->text) : rc;
}

/* ---- fields for every response ---- */

enum { FIELDS = 100 };

/* What the server writes itself, because the framing of the message hangs on it. */
static bool is_own_field(struct str name)
{
    static const char *const names[] = {"content-length", "transfer-encoding", "connection"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_is_nocase(name, str_from(names[i])))
            return true;
    return false;
}

static int keep_field(struct value *value, struct str name, struct str content)
{
    struct settings *settings = value->settings;
    size_t n = settings->n_extra_headers, size = sizeof(struct field);
    struct field *fields =
        arena_grow(value->arena, settings->extra_headers, n * size, (n + 1) * size);
    if (!fields)
        return -ENOMEM;
    settings->extra_headers = fields;
    char *name_copy = arena_copy(value->arena, name.ptr, name.len);
    char *content_copy = arena_copy(value->arena, content.ptr, content.len);
    if (!name_copy || !content_copy)
        return -ENOMEM;
    for (size_t i = 0; i < name.len; i++) /* names go out in lower case */
        name_copy[i] = ascii_lower(name_copy[i]);
    fields[n] = (struct field){{name_copy, name.len}, {content_copy, content.len}};
    settings->n_extra_headers = n + 1;
    return 0;
}

static int read_header(struct value *value)
{
    const char *colon = memchr(value->text.ptr, ':', value->text.len);
    size_t n = colon ? (size_t)(colon - value->text.ptr) : 0;
    struct str name = {value->text.ptr, n};
    if (!colon || !chars_is_token(name))
        return refuse(value,
                      "takes 'name: value', the name in letters, digits and !#$%%&'*+-.^_`|~");
    struct str content = str_trim((struct str){colon + 1, value->text.len - n - 1});
    if (!chars_is_value(content))
        return refuse(value, "takes 'name: value', without control bytes in the value");
    if (value->settings->n_extra_headers == FIELDS)
        return refuse(value, "takes at most %d fields", FIELDS);
    if (is_own_field(name))
        return refuse(value, "takes no content-length, transfer-encoding or connection: the server "
                             "writes these itself");
    return keep_field(value, name, content);
}

static int read_action(struct value *value)
{
    return refuse(value, "takes nothing here: it is of the command line");
}

int options_value_read(const struct option *option, const char *text, struct arena *arena,
                       struct settings *settings, char *why)
{
    static int (*const readers[])(struct value *) = {
        [OPTION_SWITCH] = read_switch,   [OPTION_NUMBER] = read_number,
        [OPTION_BYTES] = read_bytes,     [OPTION_SECONDS] = read_seconds,
        [OPTION_MODE] = read_mode,       [OPTION_CHOICE] = read_choice,
        [OPTION_PATH] = read_path,       [OPTION_UDS] = read_uds,
        [OPTION_SOURCE] = read_source,   [OPTION_WORKERS] = read_workers,
        [OPTION_NAME] = read_text,       [OPTION_TEXT] = read_text,
        [OPTION_LIST] = read_list,       [OPTION_METRICS] = read_metrics,
        [OPTION_ADDRESS] = read_address, [OPTION_HOST] = read_host,
        [OPTION_PREFIX] = read_prefix,   [OPTION_TARGET] = read_target,
        [OPTION_TRUST] = read_trust,     [OPTION_FORMAT] = read_format,
        [OPTION_HEADER] = read_header,   [OPTION_ACTION] = read_action,
    };
    struct value value = {option, str_from(text), arena, settings, why};
    return readers[option->kind](&value);
}
