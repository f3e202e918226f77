/*
 * What a line of the access log is put together with: bounded appending, and a time stamp that is
 * formatted once a second.
 */
#ifndef APP_ACCESS_OUT_H
#define APP_ACCESS_OUT_H
#include "base/str.h"
#include <time.h>

struct access_out {
    char *dst;
    size_t room, used;
};

void access_out_put(struct access_out *out, const char *ptr, size_t len);
#define PUT(out, literal) access_out_put((out), (literal), sizeof(literal) - 1)
void access_out_number(struct access_out *out, uint64_t value);
/* value in exactly n digits, at most 20. */
void access_out_digits(struct access_out *out, uint64_t value, size_t n);
void access_out_request_id(struct access_out *out, uint64_t id);
/* text with quote, backslash, controls and non-ASCII escaped; at most max bytes of the line. */
void access_out_text(struct access_out *out, struct str text, size_t max);

struct access_out_stamp {
    time_t second;
    size_t apache_len, iso_len;
    char apache[40], iso[40]; /* "20/Nov/2026:18:26:00 +0000", "2026-11-20T18:26:00" */
};

/* That of the second; valid until the thread's next call. */
const struct access_out_stamp *access_out_stamp(uint64_t wall_us);
#endif
