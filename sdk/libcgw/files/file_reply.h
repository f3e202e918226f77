/* From a file that is open to a reply that is prepared: conditions, ranges, fields. */
#ifndef FILES_FILE_REPLY_H
#define FILES_FILE_REPLY_H
#include "files/opened.h"
#include "web/request.h"
#include <cgw/file.h>

struct file_reply {
    cgw_request *req;
    struct opened opened; /* a regular file; its descriptor goes with it */
    const char *path;     /* whose extension says the type */
    const struct cgw_file_options *options;
    const char *encoding; /* it is path in this coding; NULL: it is path itself */
    const char *vary;     /* what it was chosen by, or NULL */
    const struct cgw_site *site;
};

/* The reply; the descriptor is the request's from here on. Does not suspend. [task] */
cgw_reply file_reply(struct file_reply *recipe);
/* The one for a code of opened_open(). */
cgw_reply file_reply_error(cgw_request *req, int code, const struct cgw_site *site);
#endif
