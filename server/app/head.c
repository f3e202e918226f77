/* Checking what the application wants in a head: nothing illegal ever reaches the wire. */
#include "app/head.h"
#include "base/number.h"
#include "proto/chars.h"

_Static_assert(sizeof(struct field) == sizeof(struct cgw_header), "read through each other");
_Static_assert(offsetof(struct field, value) == offsetof(struct cgw_header, value), "layout");

static const struct field *as_fields(const struct cgw_header *headers)
{
    return (const struct field *)headers;
}

static inline const char *check_field(const struct field *field)
{
    if (!field->name.ptr || !chars_is_token(field->name))
        return "the name of a field is not a token";
    if (field->value.len && !field->value.ptr)
        return "the value of a field has a length but no bytes";
    if (!chars_is_value(field->value))
        return "the value of a field holds a control byte";
    return NULL;
}

const char *head_check_fields(const struct cgw_header *headers, size_t n, struct str *ret_at)
{
    const struct field *fields = as_fields(headers);
    const char *why = n && !headers ? "there is a number of fields but no array" : NULL;
    for (size_t i = 0; !why && i < n; i++)
        if ((why = check_field(&fields[i])))
            *ret_at = fields[i].name;
    return why;
}

static const char *read_length(struct head *head, struct str value)
{
    uint64_t length;
    if (number_decimal(str_trim(value), INT64_MAX, &length) < 0)
        return "content-length is not a number";
    if (head->has_length && head->length != length)
        return "two values of content-length";
    head->has_length = true;
    head->length = length;
    return NULL;
}

/* Take out what the host acts on; told apart by length first, as this runs for every response. */
static inline const char *read_field(struct head *head, const struct field *field)
{
    if (field->name.len == 14 && str_is_nocase(field->name, STR("content-length")))
        return read_length(head, field->value);
    if (field->name.len == 10 && str_is_nocase(field->name, STR("connection")))
        head->close = head->close || str_list_has(field->value, STR("close"));
    return NULL;
}

static const char *read_fields(struct head *head, struct str *ret_at)
{
    const char *why =
        head->n_fields && !head->fields ? "there is a number of fields but no array" : NULL;
    for (size_t i = 0; !why && i < head->n_fields; i++) {
        const struct field *field = &head->fields[i];
        if ((why = check_field(field)) || (why = read_field(head, field)))
            *ret_at = field->name;
    }
    return why;
}

const char *head_check(const struct cgw_event *start, struct head *ret_head, struct str *ret_at)
{
    int status = start->u.start.status;
    *ret_at = (struct str){"", 0};
    if (status < 100 || status > 999)
        return "the status is not in 100 to 999";
    if (status < 200)
        return "a 1xx status starts no response: send it as http.response.informational";
    struct head head = {.fields = as_fields(start->u.start.headers),
                        .n_fields = start->u.start.n_headers};
    const char *why = read_fields(&head, ret_at);
    if (why)
        return why;
    head.status = status;
    head.has_no_body = status == 204 || status == 205 || status == 304;
    *ret_head = head;
    return NULL;
}
