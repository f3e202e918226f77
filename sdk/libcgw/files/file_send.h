/* The bytes of a reply that is a file, or parts of one. */
#ifndef FILES_FILE_SEND_H
#define FILES_FILE_SEND_H
#include "web/request.h"

struct file_part {
    cgw_str head;          /* in front of it; len 0: nothing */
    uint64_t first, count; /* bytes; count > 0 */
};

/* All of it, and what it points to, is of the request's memory. */
struct file_send {
    struct reply_source source; /* as file_send_init() sets it */
    int fd;                     /* ours: closed when it is dropped */
    const struct file_part *parts;
    size_t n_parts; /* 0: no body, as to HEAD */
    cgw_str end;    /* behind the last one; len 0: nothing */
};

void file_send_init(struct file_send *send, int fd);
#endif
