/*
 * Where modules are loaded from: a private folder of this supervisor's. A known path gives back
 * old code, and a mapped file that is written over kills who runs it, so each generation is a copy
 * under a name of its own. [supervisor]
 */
#ifndef PROC_DEV_MODULE_STORE_H
#define PROC_DEV_MODULE_STORE_H
#include "base/settings.h"
#include <stdint.h>

struct module_store;
struct privileges;

/*
 * A new folder in $XDG_RUNTIME_DIR, $TMPDIR or /tmp, the first whose files may be executed and that
 * the workers' user can reach (privileges NULL: they stay what we are). Folders that supervisors
 * left behind when they died are removed. 0, or a negative errno with *ret_error one line that says
 * what is wrong with each and what to do (mem_free() it; NULL: out of memory).
 */
int module_store_open(const struct settings *settings, const struct privileges *privileges,
                      struct module_store **ret_store, char **ret_error);
/* Remove the folder with all that is in it, and free. NULL is fine. In a forked child the folder
   stays: it is the supervisor's. */
void module_store_close(struct module_store *store);

/* The folder's absolute path, as long as the store lives. */
const char *module_store_folder(const struct module_store *store);

/*
 * Copy the module at path as NAME.gGENERATION.so and check the copy: *ret_copy is its absolute path
 * (mem_free() it; the file stays until module_store_drop()). Else a negative errno, *ret_error one
 * line that names path and says what to do, and no file: -ENOSPC the disk is full, -EBUSY path is
 * still being written, -ENOEXEC it is no whole module, ...
 */
int module_store_copy(struct module_store *store, const char *path, uint32_t generation,
                      char **ret_copy, char **ret_error);
/* A path in the folder, where no file is yet, for a build to write to: named after the module of
   the settings. mem_free() it; NULL: out of memory. */
char *module_store_name(struct module_store *store, uint32_t generation);
/* Remove the file; a worker that has loaded it keeps it. copy may be freed afterwards; NULL is
   fine. Files that are not in the folder are left alone, so what a --build made may be given. */
void module_store_drop(struct module_store *store, const char *copy);
#endif
