/* Filters of an application's middleware: what its requests and its mounts share. */
#ifndef WEB_THROUGH_H
#define WEB_THROUGH_H
#include "filter/filter.h"
#include "web/application.h"
#include <cgw/middleware.h>

/* What the filter keeps for this application's worker, of its memory; NULL where it keeps nothing.
   CGW_OK or CGW_ENOMEM. [loop] */
int through_worker(struct application *application, const struct cgw__filter_use *use,
                   void **ret_worker);
#endif
