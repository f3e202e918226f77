/*
 * Forwarding fields over any bytes: a client that is said is an address in its usual spelling, and
 * whatever a client writes ahead of what a trusted proxy appends, in the same line or another, the
 * proxy's word stands.
 *
 * The first line is the list of who is trusted, each other line a field: 'f' X-Forwarded-For, 'p'
 * X-Forwarded-Proto, else Forwarded, and the value behind that letter.
 */
#include "base/mem.h"
#include "proto/forwarded.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 16, LINE_BYTES = 1024 };

static void must(bool truth)
{
    if (!truth)
        abort();
}

static struct str take_line(struct str *text)
{
    const char *end = text->len ? memchr(text->ptr, '\n', text->len) : NULL;
    size_t n = end ? (size_t)(end - text->ptr) : text->len;
    struct str line = {text->ptr, n};
    *text = (struct str){text->ptr + n + (end != NULL), text->len - n - (end != NULL)};
    return line;
}

/* NULL: the list is malformed, which is said with a piece of it. */
static struct forwarded_trust *read_trust(struct str line)
{
    struct forwarded_trust *trust = NULL;
    struct str bad = {NULL, 0};
    char *list = mem_printf("%.*s", (int)line.len, line.len ? line.ptr : "");
    must(list != NULL);
    int rc = forwarded_trust_new(list, &trust, &bad);
    must(rc == 0 || rc == -EINVAL);
    must(rc == 0 || (bad.len != 0 && bad.ptr >= list && bad.ptr + bad.len <= list + strlen(list)));
    mem_free(list);
    return rc == 0 ? trust : NULL;
}

static size_t read_fields(struct str text, struct field *fields)
{
    size_t n = 0;
    while (text.len && n < FIELDS) {
        struct str line = take_line(&text);
        if (line.len == 0)
            continue;
        fields[n].name = line.ptr[0] == 'f'   ? STR("X-Forwarded-For")
                         : line.ptr[0] == 'p' ? STR("X-Forwarded-Proto")
                                              : STR("Forwarded");
        fields[n++].value = (struct str){line.ptr + 1, line.len - 1};
    }
    return n;
}

static void check_address(struct str text)
{
    unsigned char bytes[16];
    char again[INET6_ADDRSTRLEN];
    int family = memchr(text.ptr, ':', text.len) ? AF_INET6 : AF_INET;
    must(text.ptr[text.len] == '\0' && text.len < sizeof(again));
    must(inet_pton(family, text.ptr, bytes) == 1);
    must(inet_ntop(family, bytes, again, sizeof(again)) && strcmp(again, text.ptr) == 0);
}

static void check_read(const struct forwarded_trust *trust, const struct field *fields, size_t n)
{
    struct arena arena = {0};
    struct forwarded said;
    must(forwarded_read(trust, fields, n, &arena, &said) == 0);
    must(said.scheme.len == 0 || str_is(said.scheme, STR("http")) ||
         str_is(said.scheme, STR("https")));
    must(said.client.len != 0 || said.client_port == 0);
    if (said.client.len)
        check_address(said.client);
    arena_fini(&arena);
}

/* What a proxy appends, and what must come of it. */
struct tail {
    char kind;
    const char *text, *client, *scheme;
    uint16_t port;
};

static void check_tail(const struct forwarded_trust *trust, const struct tail *tail,
                       const struct field *fields, size_t n)
{
    struct arena arena = {0};
    struct forwarded said;
    must(forwarded_read(trust, fields, n, &arena, &said) == 0);
    must(str_is(said.client, str_from(tail->client)) && said.client_port == tail->port);
    must(!tail->scheme || str_is(said.scheme, str_from(tail->scheme)));
    arena_fini(&arena);
}

/* The tail behind a value, in its line and in one of its own. */
static void check_appended(const struct forwarded_trust *trust, const struct field *field,
                           const struct tail *tail)
{
    char *line = mem_alloc(LINE_BYTES + 128);
    must(line != NULL);
    size_t n = field->value.len < LINE_BYTES ? field->value.len : LINE_BYTES;
    memcpy(line, field->value.ptr, n);
    n += (size_t)snprintf(line + n, 128, ", %s", tail->text);
    struct field joined = {field->name, {line, n}};
    check_tail(trust, tail, &joined, 1);
    struct field split[] = {*field, {field->name, str_from(tail->text)}};
    check_tail(trust, tail, split, 2);
    mem_free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tail tails[] = {
        {'f', "203.0.113.9:7", "203.0.113.9", NULL, 7},
        {'F', "for=203.0.113.9;proto=https", "203.0.113.9", "https", 0},
        {'F', "for=\"[2001:db8::9]:1\";proto=\"http\"", "2001:db8::9", "http", 1},
        {'F', "proto=https;x=\"\\\",\";for=203.0.113.9", "203.0.113.9", "https", 0},
    };
    struct field fields[FIELDS];
    struct str text = {(const char *)data, size};
    struct forwarded_trust *trust = read_trust(take_line(&text));
    if (!trust)
        return 0;
    size_t n = read_fields(text, fields);
    check_read(trust, fields, n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < sizeof(tails) / sizeof(tails[0]); j++) {
            bool is_its = tails[j].kind == (str_is(fields[i].name, STR("Forwarded")) ? 'F' : 'f') &&
                          !str_is(fields[i].name, STR("X-Forwarded-Proto"));
            if (is_its && !forwarded_is_trusted(trust, str_from(tails[j].client)))
                check_appended(trust, &fields[i], &tails[j]);
        }
    }
    forwarded_trust_free(trust);
    return 0;
}
