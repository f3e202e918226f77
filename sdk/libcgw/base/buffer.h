/*
 * Bytes that grow in an arena, for writers of text. An error sticks: a writer checks once, at the
 * end. With flush set, what is full goes there instead of growing, so a long text needs little
 * memory.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H
#include "base/arena.h"
#include <string.h>

/* Between ptr + len and ptr + room whoever has reserved may write; behind that is a byte for a NUL.
 */
struct buffer {
    struct arena *arena;
    char *ptr; /* the arena's; NULL: nothing yet */
    size_t len, room;
    int status; /* CGW_OK, CGW_ENOMEM, or what flush answered; then it is empty and takes nothing */
    /* Take len bytes at ptr, all of them; may suspend. CGW_OK or an error. NULL: grow. */
    int (*flush)(void *arg, const char *ptr, size_t len);
    void *flush_arg;
};

#define BUFFER_IN(arena_) ((struct buffer){.arena = (arena_)})

/* Room for bytes more behind ptr + len; ptr may change, and with flush set len is then 0. false:
   status says why. */
bool buffer_reserve(struct buffer *buffer, size_t bytes);
/* buffer_add() where there is not room enough. */
void buffer_add_slow(struct buffer *buffer, const void *ptr, size_t len);
static inline void buffer_add(struct buffer *buffer, const void *ptr, size_t len)
{
    if (buffer->room - buffer->len < len) {
        buffer_add_slow(buffer, ptr, len);
        return;
    }
    if (len)
        memcpy(buffer->ptr + buffer->len, ptr, len);
    buffer->len += len;
}
static inline void buffer_add_char(struct buffer *buffer, char c)
{
    if (buffer->room > buffer->len || buffer_reserve(buffer, 1))
        buffer->ptr[buffer->len++] = c;
}
#define buffer_add_literal(buffer, literal) buffer_add((buffer), (literal), sizeof(literal) - 1)
/* The format was checked where it came in, as that of arena_vprintf(). */
void buffer_vprintf(struct buffer *buffer, const char *format, va_list args);
void buffer_printf(struct buffer *buffer, const char *format, ...) CGW_PRINTF(2, 3);
/* Hand what is in it to flush, where that is set. The buffer's status. */
int buffer_flush(struct buffer *buffer);
/* What is in it, NUL-terminated behind, until something is added; ptr NULL where status is not
   CGW_OK. */
cgw_str buffer_text(struct buffer *buffer);
#endif
