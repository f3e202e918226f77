/*
 * What to do for clients when the worker dies at once: a byte per descriptor says what is on the
 * wire of its connection, so that the crash handler can answer 502 where a client waits and has got
 * nothing, break off what has begun, and never put a second status line anywhere. The loop's thread
 * keeps the bytes up to date; the handler, in whatever thread, only reads them, once the loop's
 * thread stands still.
 *
 * A byte is set to LAST_WORDS_BROKEN before bytes are written, and to what is true behind it: a
 * crash between the two errs on the side of a reset.
 */
#ifndef NET_LAST_WORDS_H
#define NET_LAST_WORDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum last_words {
    LAST_WORDS_NONE,       /* no connection, or nothing more may be said on it */
    LAST_WORDS_IDLE,       /* between requests: if one has arrived unread, an answer is due */
    LAST_WORDS_WAITS,      /* an answer is due, and nothing of it is on the wire */
    LAST_WORDS_WAITS_HEAD, /* the same, to HEAD: it gets no body */
    LAST_WORDS_BROKEN,     /* the wire ends inside a response */
};

/* One byte per descriptor, n of them. Until last_words_init(), and where it failed, n is 0. */
extern uint8_t *last_words_of;
extern size_t last_words_n;

/*
 * Room for as many descriptors as the process may open; once per process, kept until its end. A
 * second time nothing happens. 0 or a negative errno: then every client sees its connection end.
 * [loop-thread]
 */
int last_words_init(void);

/* [loop-thread] */
static inline void last_words_set(int fd, enum last_words state)
{
    if ((size_t)fd < last_words_n)
        last_words_of[fd] = (uint8_t)state;
}
static inline enum last_words last_words_get(int fd)
{
    return (size_t)fd < last_words_n ? (enum last_words)last_words_of[fd] : LAST_WORDS_NONE;
}

/*
 * Answer, reset, and count both; nothing waits for a peer. is_frozen: the loop's thread stands
 * still, or is the caller; else nobody is answered, as the loop may be about to. Then, as late as
 * possible before the process ends, last_words_drain(): close(2) over unread bytes would take the
 * answer back. Async-signal-safe.
 */
void last_words_say(bool is_frozen, uint32_t *ret_told, uint32_t *ret_reset);
void last_words_drain(void);
#endif
