/*
 * Plays bytes to the HTTP/1 codec and tells what came out as one line of text, so that a test is a
 * row of a table: "POST /x [hello], GET /, 400". Every play of a row is repeated with the bytes cut
 * in two at each place, and one by one; the line must be the same (behaviour 18). Each piece is a
 * copy of its own that is freed when it is consumed, so AddressSanitizer sees what is kept of it.
 *
 *   METHOD path       a request without a body      [text]   its body; [#n:hash] a long one
 *   ...               the body, or a head, is not complete
 *   400               refused, and so is all that follows
 */
#ifndef HTTP1_PLAY_H
#define HTTP1_PLAY_H
#include "proto/http1.h"

struct http1_row {
    const char *name;
    struct str in;
    const char *want;
};

/* head 2000 bytes, 10 fields, target 100 bytes, body 1000 bytes */
extern const struct http1_limits http1_small;
/* what cgw-serve has by default */
extern const struct http1_limits http1_usual;

/* The line for in, given in pieces of step bytes, the first one of first bytes (0: step). The
   caller frees it. */
char *http1_play(const struct http1_limits *limits, struct str in, size_t first, size_t step);
/* ck_assert that all ways of cutting give want. */
void http1_expect(const struct http1_limits *limits, const struct http1_row *row);

#define HOST    "Host: a\r\n"
#define GET     "GET / HTTP/1.1\r\n" HOST "\r\n"
#define POST(f) "POST / HTTP/1.1\r\n" HOST f "\r\n"
#define CHUNKED POST("Transfer-Encoding: chunked\r\n")
#endif
