/* ETag and Last-Modified of a file, and the conditions that rest on them (RFC 9110, 8.8 and 13). */
#ifndef FILES_VALIDATOR_H
#define FILES_VALIDATOR_H
#include <cgw/abi.h>
#include <stdbool.h>
#include <time.h>

enum { VALIDATOR_ETAG = 64, VALIDATOR_DATE = 40 }; /* sizes of buffers, the NUL included */

struct validator {
    char etag[VALIDATOR_ETAG]; /* strong: size and mtime to the nanosecond, in quotes */
    char date[VALIDATOR_DATE]; /* IMF-fixdate */
    time_t modified;           /* the seconds of date */
    bool is_date_strong;       /* it may not change any more without changing (8.8.2.2) */
};

/* now bounds the date: none lies in the future (8.8.2.1). */
void validator_init(struct validator *validator, uint64_t size, struct timespec mtime, time_t now);

/* The tag of another encoding of the same: "br". A few letters. */
void validator_encode(struct validator *validator, const char *encoding);

enum validator_answer {
    VALIDATOR_SEND = 200,     /* send it */
    VALIDATOR_SAME = 304,     /* the client has it */
    VALIDATOR_MISMATCH = 412, /* the client means another one */
};

/* What the If-* fields of a GET or HEAD come to, in the order of 13.2.2. */
enum validator_answer validator_ask(const struct validator *validator,
                                    const struct cgw_header *headers, size_t n_headers);

/* May the Range field be honoured: If-Range is absent or names just this version, by the tag or by
   a date that is strong (13.1.5). */
bool validator_allows_range(const struct validator *validator, const struct cgw_header *headers,
                            size_t n_headers);

/* The seconds of one of the three forms of an HTTP date (5.6.7); false where it is none. */
bool validator_parse_date(const char *text, time_t *ret_time);
#endif
