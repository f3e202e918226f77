/* Saving a file that came with a form. */
#ifndef WEB_UPLOAD_H
#define WEB_UPLOAD_H
#include <cgw/form.h>

struct upload_saving {
    struct cgw__spool *spool;
    const char *path;
    struct cgw_save_options options;
};

/* arg: a struct upload_saving. CGW_OK or -errno; what it made it has removed then. [a thread that
   may block] */
int upload_save(void *arg);
#endif
