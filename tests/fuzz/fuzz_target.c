/*
 * Targets, hosts and paths over any bytes: what is taken apart lies in the text, a host that is
 * accepted holds nothing that another reader could take for something else, and a decoded path is
 * valid UTF-8 whatever came in, and stays as it is when it is decoded without escapes again.
 *
 * The first byte chooses the method, the rest is the text.
 */
#include "proto/chars.h"
#include "proto/target.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static bool is_inside(struct str part, struct str text)
{
    return part.ptr >= text.ptr && part.ptr + part.len <= text.ptr + text.len;
}

static void check_host(struct str text)
{
    if (!target_is_host(text))
        return;
    must(text.len > 0 && chars_all(text, CHAR_TARGET));
    for (size_t i = 0; i < text.len; i++)
        must(!memchr("/?#@,\\\"<>", text.ptr[i], 9));
}

static void check_parse(struct str method, struct str text)
{
    struct target target;
    int status = target_parse(method, text, &target);
    must(status == 0 || status == 400);
    if (status)
        return;
    must(target.path.len && (target.path.ptr[0] == '/' || str_is(target.path, STR("*"))));
    must(target.path.len == 1 || is_inside(target.path, text));
    must(!memchr(target.path.ptr, '?', target.path.len));
    must(!memchr(target.path.ptr, '#', target.path.len));
    must(target.query.len == 0 || is_inside(target.query, text));
    must(target.query.len == 0 || !memchr(target.query.ptr, '#', target.query.len));
    must(target.authority.len == 0 || target_is_host(target.authority));
}

static void check_decode(struct str text)
{
    struct arena arena = {0};
    struct str once, twice;
    must(target_decode(&arena, STR("/p"), text, &once) == 0);
    must(once.len >= 2 && memcmp(once.ptr, "/p", 2) == 0 && once.ptr[once.len] == '\0');
    must(once.len <= 2 + 3 * text.len);
    if (!memchr(once.ptr, '%', once.len)) {
        must(target_decode(&arena, STR(""), once, &twice) == 0);
        must(str_is(once, twice));
    }
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str methods[] = {STR("GET"), STR("OPTIONS"), STR("CONNECT"), STR("POST")};
    if (size < 1)
        return 0;
    struct str text = {(const char *)data + 1, size - 1};
    check_host(text);
    check_parse(methods[data[0] % 4], text);
    check_decode(text);
    return 0;
}
