/*
 * Libraries that a module finds beside itself, by $ORIGIN in its RUNPATH or RPATH. The loader would
 * look beside the copy that it is given; so they are loaded before it, from beside the original.
 */
#ifndef APP_ORIGIN_H
#define APP_ORIGIN_H

/*
 * Load what copy, a file that module_check_file() has passed, needs from beside path, the module as
 * the operator named it. They stay loaded, as modules do. 0; or a negative errno with *ret_error
 * one line that names path, the library and what to do (mem_free() it; NULL: out of memory).
 */
int origin_load(const char *path, const char *copy, char **ret_error);
#endif
