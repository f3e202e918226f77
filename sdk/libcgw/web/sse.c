/* Each line of an event is a field of its own; an empty line ends it. */
#include "web/sse.h"
#include <inttypes.h>

static bool is_line(const char *s)
{
    return !s || !s[strcspn(s, "\r\n")];
}

bool sse_is_valid(const struct cgw_sse *event)
{
    return is_line(event->event) && is_line(event->id) && event->retry_ms >= 0;
}

static void write_lines(struct buffer *out, const char *prefix, const char *text)
{
    for (;;) {
        size_t len = strcspn(text, "\r\n");
        buffer_add(out, prefix, strlen(prefix));
        buffer_add(out, text, len);
        buffer_add_char(out, '\n');
        text += len;
        if (!*text)
            return;
        text += text[0] == '\r' && text[1] == '\n' ? 2 : 1;
    }
}

void sse_write(struct buffer *out, const struct cgw_sse *event)
{
    if (event->comment)
        write_lines(out, ": ", event->comment);
    if (event->retry_ms)
        buffer_printf(out, "retry: %" PRId64 "\n", event->retry_ms);
    if (event->event)
        write_lines(out, "event: ", event->event);
    if (event->id)
        write_lines(out, "id: ", event->id);
    if (event->data)
        write_lines(out, "data: ", event->data);
    buffer_add_char(out, '\n');
}
