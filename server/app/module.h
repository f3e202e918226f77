/*
 * Loading a module: the file is looked at first (is it an ELF of this machine, do its extents lie
 * inside it), then mapped with dlopen(), then its descriptor is checked before any of its code is
 * called. Nothing is ever unloaded: the process is the unit of unloading.
 */
#ifndef APP_MODULE_H
#define APP_MODULE_H
#include <cgw/abi.h>

/*
 * Load copy, a copy of the module at path or what was built from it; NULL: path itself. Libraries
 * that it finds by $ORIGIN are those beside path.
 * 0 and *ret_app, which lives as long as the process; or a negative errno with *ret_error one line
 * that names path, what is wrong and what to do (mem_free() it; NULL: out of memory).
 * A path without a slash is taken from the current folder, never from the library path.
 */
int module_load(const char *path, const char *copy, const struct cgw_app **ret_app,
                char **ret_error);

/* The two checks on their own, for tests and for cgw-validate. Same results. */
int module_check_file(const char *path, char **ret_error);
int module_check_descriptor(const char *path, const struct cgw_app *app, char **ret_error);
#endif
