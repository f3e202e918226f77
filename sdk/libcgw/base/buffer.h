/*
 * Bytes that grow in an arena, for writers of text. An error sticks: a writer checks once, at the
 * end. With flush set, what is full goes there instead of growing, so a long text needs little memory.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H
#include "base/arena.h"
#include <string.h>

struct buffer {
    struct arena *arena;
    char *ptr;
    size_t len, room;
    int status; /* CGW_OK, CGW_ENOMEM, or what flush answered */
    /* Take len bytes at ptr, all of them; may suspend. NULL: grow. */
    int (*flush)(void *arg, const char *ptr, size_t len);
    void *flush_arg;
};

#define BUFFER_IN(arena_) ((struct buffer){.arena = (arena_)})

/* Room for bytes more behind ptr + len; false: status says why. */
bool buffer_reserve(struct buffer *buffer, size_t bytes);
static inline void buffer_add(struct buffer *buffer, const void *ptr, size_t len)
{
    if (buffer->room - buffer->len < len && !buffer_reserve(buffer, len))
        return;
    if (len)
        memcpy(buffer->ptr + buffer->len, ptr, len);
    buffer->len += len;
}
static inline void buffer_add_char(struct buffer *buffer, char c)
{
    buffer_add(buffer, &c, 1);
}
#define buffer_add_literal(buffer, literal) buffer_add((buffer), (literal), sizeof(literal) - 1)
void buffer_printf(struct buffer *buffer, const char *format, ...) CGW_PRINTF(2, 3);
/* What is in it, NUL-terminated behind; ptr NULL where status is not CGW_OK. */
cgw_str buffer_text(struct buffer *buffer);
#endif
