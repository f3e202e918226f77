/*
 * The head of a response, as an application gives it: checked field by field (RFC 9110 5.1, 5.5),
 * and what the host needs to know of it taken out. Neutral to the protocol that will carry it.
 */
#ifndef APP_HEAD_H
#define APP_HEAD_H
#include "base/str.h"
#include <cgw/abi.h>

struct head {
    int status;
    const struct field *fields; /* the application's */
    size_t n_fields;
    bool has_length;
    uint64_t length;  /* what content-length says */
    bool close;       /* connection: close */
    bool has_no_body; /* by its status: 204, 205, 304 */
};

/* NULL, or what is wrong with the start event, static text; *ret_at names the field at fault. */
const char *head_check(const struct cgw_event *start, struct head *ret_head, struct str *ret_at);
/* The same for the fields of trailers and of informational responses. */
const char *head_check_fields(const struct cgw_header *headers, size_t n, struct str *ret_at);
#endif
