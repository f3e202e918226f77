/*
 * Modules around the application (--wrap): each is loaded as every module is, and its table
 * "cgw.wrap/1" (<cgw/wrap.h>) makes of the application another one, which is served in its place.
 */
#ifndef APP_WRAP_H
#define APP_WRAP_H
#include "base/settings.h"
#include <cgw/abi.h>

/*
 * Where the module of a --wrap is: a name without a slash that is no file of the current folder is
 * one of the installed modules, "gzip" as well as "gzip.so". mem_free() it; NULL: out of memory.
 */
char *wrap_path(const char *name);

/*
 * Put the modules around inner, the first outermost. 0 and *ret_app, which lives as long as the
 * process: inner itself where there are none; or a negative errno with *ret_error one line that
 * names the module and what is wrong (mem_free() it; NULL: out of memory).
 */
int wrap_load(const struct settings_list *modules, const struct cgw_app *inner,
              const struct cgw_app **ret_app, char **ret_error);
#endif
