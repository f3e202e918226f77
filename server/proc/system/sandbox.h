/*
 * --sandbox: a worker gives up the right to reach files other than the named ones, by Landlock. It
 * holds for the calling thread and all that it starts from then on. The network is not restricted,
 * but for signals to processes outside, which kernels of Landlock's sixth version refuse.
 */
#ifndef PROC_SYSTEM_SANDBOX_H
#define PROC_SYSTEM_SANDBOX_H
#include "base/settings.h"

/*
 * Allow what settings->sandbox names, also_readable (n paths, the module's copy among them), the
 * folders of the log files, and what any program needs (sandbox.c has the list); forbid all other
 * files. No option: nothing is done. One line of the log says what is allowed and what is not;
 * without Landlock a warning, and 0. Else 0; or a negative errno with *ret_error a line
 * (mem_free(); NULL: out of memory): a named path that is not there, for one. The worker must not
 * go on then. [worker, after the module is loaded, before its startup]
 */
int sandbox_enter(const struct settings *settings, const char *const *also_readable, size_t n,
                  char **ret_error);
#endif
