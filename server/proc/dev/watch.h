/*
 * Tells when something changed that the server is made of: the module, or its sources and the
 * headers they include, and what counts in the folders of --reload-dir. Editors and linkers replace
 * files as often as they write them, so folders are watched, never files. [supervisor]
 */
#ifndef PROC_DEV_WATCH_H
#define PROC_DEV_WATCH_H
#include "base/settings.h"
#include <ev.h>

struct watch;

/* From the loop, once for a burst of changes; path is one of those that changed, as it was named
   (valid during the call). The watch may be freed in here. */
typedef void watch_changed_fn(void *arg, const char *path);

/*
 * Watch settings->module, or settings->sources where there are any, or with --build only folders:
 * those of --reload-dir, else the current one. A module that changed is reported when it is whole,
 * or after two seconds without that. 0, or a negative errno with *ret_error one line (mem_free()
 * it; NULL: out of memory). Where the system has no watches left, CGW0170 says so and files are
 * looked at twice a second.
 */
int watch_new(struct ev_loop *loop, const struct settings *settings, watch_changed_fn *changed,
              void *arg, struct watch **ret_watch, char **ret_error);
/* The exact files to watch from now on, in place of those before; what changed among them since the
   last report is not lost. Copied. 0 or -ENOMEM, then those before are watched on. */
int watch_inputs(struct watch *watch, const char *const *paths, size_t n);
/* In a forked child: close its descriptor. NULL is fine. */
void watch_forget(struct watch *watch);
/* NULL is fine. */
void watch_free(struct watch *watch);
#endif
