/* Parts to a body: their lengths first, then their bytes. */
#include "tester_form.h"
#include "tester_fail.h"
#include "tester_memory.h"
#include <string.h>

static size_t length_of(const struct cgw_test_part *part)
{
    return part->len ? part->len : part->value ? strlen(part->value) : 0;
}

/* What would end a quoted string, as HTML 4.10.21.8 has it. */
static const char *escape(cgw_test *test, const char *text)
{
    char *escaped = tester_memory_alloc(test, 3 * strlen(text) + 1), *at = escaped;
    for (; *text; text++) {
        const char *code = *text == '"'    ? "%22"
                           : *text == '\r' ? "%0D"
                           : *text == '\n' ? "%0A"
                                           : NULL;
        if (code)
            memcpy(at, code, 3);
        else
            *at = *text;
        at += code ? 3 : 1;
    }
    return escaped;
}

static const char *head_of(cgw_test *test, const struct cgw_test_part *part)
{
    const char *file = "", *type = "", *is = part->content_type;
    if (part->filename)
        file = tester_memory_printf(test, "; filename=\"%s\"", escape(test, part->filename));
    if (!is && part->filename)
        is = "application/octet-stream";
    if (is)
        type = tester_memory_printf(test, "content-type: %s\r\n", is);
    return tester_memory_printf(test,
                                "--" TESTER_FORM_BOUNDARY "\r\ncontent-disposition: form-data; "
                                "name=\"%s\"%s\r\n%s\r\n",
                                escape(test, part->name), file, type);
}

struct body {
    cgw_test *test;
    char *bytes; /* NULL: only their number is wanted */
    size_t len;
};

static void add(struct body *body, const char *bytes, size_t len)
{
    if (body->bytes && len)
        memcpy(body->bytes + body->len, bytes, len);
    body->len += len;
}

static void add_all(struct body *body, const struct cgw_test_part *parts, const char *const *heads)
{
    body->len = 0;
    for (size_t i = 0; parts[i].name; i++) {
        add(body, heads[i], strlen(heads[i]));
        add(body, parts[i].value, length_of(&parts[i]));
        add(body, "\r\n", 2);
    }
    static const char end[] = "--" TESTER_FORM_BOUNDARY "--\r\n";
    add(body, end, sizeof(end) - 1);
}

static void check(cgw_test *test, const struct cgw_test_part *part)
{
    size_t len = length_of(part);
    if (len && memmem(part->value, len, TESTER_FORM_BOUNDARY, strlen(TESTER_FORM_BOUNDARY)))
        tester_fail(test, NULL, "the part %s holds the boundary of the form", part->name);
}

struct cgw_str tester_form_body(cgw_test *test, const struct cgw_test_part *parts)
{
    struct body body = {test, NULL, 0};
    size_t n = 0;
    while (parts[n].name)
        check(test, &parts[n++]);
    const char **heads = tester_memory_alloc(test, (n + 1) * sizeof *heads);
    for (size_t i = 0; i < n; i++)
        heads[i] = head_of(test, &parts[i]);
    add_all(&body, parts, heads);
    body.bytes = tester_memory_alloc(test, body.len + 1);
    add_all(&body, parts, heads);
    return (struct cgw_str){body.bytes, body.len};
}
