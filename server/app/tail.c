/*
 * A page is text/html that a browser shows as it is: not coded, not a part, with a body. Of a page
 * whose length is not known before, only the end tells whether there was anything.
 */
#include "app/tail.h"

/* Two bytes and more for each letter: the script, in ASCII, would be none there. */
static bool is_wide(struct str parameters)
{
    static const struct str wide[] = {{"utf-16", 6}, {"utf-32", 6}, {"ucs-2", 5}, {"ucs-4", 5}};
    for (size_t i = 0; i < parameters.len; i++)
        for (size_t k = 0; k < sizeof wide / sizeof *wide; k++)
            if (parameters.len - i >= wide[k].len &&
                str_is_nocase((struct str){parameters.ptr + i, wide[k].len}, wide[k]))
                return true;
    return false;
}

static bool is_html(struct str type)
{
    struct str name = STR("text/html");
    if (type.len < name.len || !str_is_nocase((struct str){type.ptr, name.len}, name))
        return false;
    struct str rest = {type.ptr + name.len, type.len - name.len};
    return rest.len == 0 || (memchr("; \t", rest.ptr[0], 3) && !is_wide(rest));
}

static bool is_page(const struct head *head)
{
    bool has_type = false;
    if (head->status > 599 || head->status == 206 || head->has_no_body ||
        (head->has_length && !head->length))
        return false;
    for (size_t i = 0; i < head->n_fields; i++) {
        const struct field *field = &head->fields[i];
        if (str_is_nocase(field->name, STR("content-encoding")) ||
            str_is_nocase(field->name, STR("content-range")))
            return false;
        if (str_is_nocase(field->name, STR("content-type")))
            has_type = is_html(field->value);
    }
    return has_type;
}

void tail_consider(struct call *call)
{
    uint64_t len = call->runtime->html_tail.len;
    if (call->is_built_in || !is_page(&call->head) || call->head.length > INT64_MAX - len)
        return;
    call->has_tail = true;
    if (call->head.has_length)
        call->head.length += len;
}

void tail_hold_end(struct call *call, struct call_write *write)
{
    if (call->is_head_request || !call->body_sent)
        return;
    call->is_tail_due = true;
    write->end = false;
}

struct call_write tail_take(struct call *call)
{
    call->is_tail_due = false;
    call->body_sent += call->runtime->html_tail.len;
    return (struct call_write){.fd = -1,
                               .parts = &call->runtime->html_tail,
                               .n_parts = 1,
                               .bytes = call->runtime->html_tail.len,
                               .end = !call->has_promised_trailers};
}
