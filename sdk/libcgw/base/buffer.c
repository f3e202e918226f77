/* The buffer behind buffer.h: doubled where it grows; of one size where it is flushed. */
#include "base/buffer.h"
#include <stdint.h>
#include <stdio.h>

enum { MIN_BYTES = 240, FLUSH_BYTES = 16 * 1024 };

static bool fail(struct buffer *buffer, int status)
{
    buffer->status = status;
    buffer->len = buffer->room = 0;
    return false;
}

int buffer_flush(struct buffer *buffer)
{
    if (buffer->status || !buffer->flush || !buffer->len)
        return buffer->status;
    int status = buffer->flush(buffer->flush_arg, buffer->ptr, buffer->len);
    buffer->len = 0;
    if (status)
        fail(buffer, status);
    return status;
}

/* Room for need bytes in all. */
static bool grow(struct buffer *buffer, size_t need)
{
    size_t room = buffer->flush ? FLUSH_BYTES : buffer->room ? buffer->room * 2 + 1 : MIN_BYTES;
    if (room < need)
        room = need;
    size_t old = buffer->ptr ? buffer->room + 1 : 0;
    char *ptr = arena_grow(buffer->arena, buffer->ptr, old, room + 1);
    if (!ptr)
        return fail(buffer, CGW_ENOMEM);
    buffer->ptr = ptr;
    buffer->room = room;
    return true;
}

bool buffer_reserve(struct buffer *buffer, size_t bytes)
{
    if (buffer->status)
        return false;
    if (bytes <= buffer->room - buffer->len)
        return true;
    if (buffer_flush(buffer))
        return false;
    if (bytes > SIZE_MAX / 4 - buffer->len)
        return fail(buffer, CGW_ENOMEM);
    return bytes <= buffer->room - buffer->len || grow(buffer, buffer->len + bytes);
}

void buffer_add_slow(struct buffer *buffer, const void *ptr, size_t len)
{
    /* What would fill it anyway goes past it. */
    if (buffer->flush && len >= FLUSH_BYTES) {
        if (buffer_flush(buffer))
            return;
        int status = buffer->flush(buffer->flush_arg, ptr, len);
        if (status)
            fail(buffer, status);
        return;
    }
    if (!buffer_reserve(buffer, len))
        return;
    memcpy(buffer->ptr + buffer->len, ptr, len);
    buffer->len += len;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
void buffer_vprintf(struct buffer *buffer, const char *format, va_list args)
{
    for (int round = 0; round < 2 && !buffer->status; round++) {
        size_t room = buffer->ptr ? buffer->room - buffer->len + 1 : 0;
        va_list again;
        va_copy(again, args);
        int n = vsnprintf(room ? buffer->ptr + buffer->len : NULL, room, format, again);
        va_end(again);
        if (n < 0) {
            fail(buffer, CGW_ENOMEM);
            return;
        }
        if (n == 0 || (size_t)n < room) {
            buffer->len += (size_t)n;
            return;
        }
        if (!buffer_reserve(buffer, (size_t)n))
            return;
    }
}
#pragma GCC diagnostic pop

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buffer_vprintf(buffer, format, args);
    va_end(args);
}

cgw_str buffer_text(struct buffer *buffer)
{
    if (buffer->status)
        return (cgw_str){NULL, 0};
    if (!buffer->ptr)
        return (cgw_str){"", 0};
    buffer->ptr[buffer->len] = '\0';
    return (cgw_str){buffer->ptr, buffer->len};
}
