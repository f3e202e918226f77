/*
 * One build: C files to a shared object by the user's compiler and flags, or whatever the user's
 * own command does; in child processes, while the loop turns. [supervisor]
 */
#ifndef PROC_DEV_BUILD_H
#define PROC_DEV_BUILD_H
#include "base/settings.h"
#include <ev.h>

struct build;

/* What the result was made of: C files, and the headers of the user's that they include. */
struct build_inputs {
    char **paths;
    size_t n;
};

/*
 * The end of a build, once, from the loop, never from inside build_start(). output_path: the new
 * module, which has not been looked at; NULL: it failed. text: what compiler or command said, cut
 * at 64 KiB, with a line of ours behind it where that cannot explain itself (no compiler, killed
 * by a signal); it may be empty. In here build_inputs() may be asked; everything is freed when
 * this returns.
 */
typedef void build_done_fn(void *arg, const char *output_path, const char *text, size_t len);

/*
 * Begin. Without --build: compile settings->sources, link them as output_path, and keep object
 * files of several sources beside it, for the next build. With --build: run the command in the
 * current folder; output_path does not count (NULL is fine), the result is settings->module.
 * output_path is copied; settings outlive the build. 0, or a negative errno with *ret_error one
 * line (mem_free() it; NULL: out of memory). children_start() has run.
 */
int build_start(struct ev_loop *loop, const struct settings *settings, const char *output_path,
                build_done_fn *done, void *arg, struct build **ret_build, char **ret_error);
/*
 * End it: done will not run, the processes get SIGTERM (and SIGKILL, should that not do), build is
 * freed. A build that is started next waits until they are gone. Neither in done nor
 * after it; NULL is fine.
 */
void build_cancel(struct build *build);

/* In a forked child: close the descriptors of this build, and of those that were canceled. NULL is
   fine. */
void build_forget(const struct build *build);

/* Also of a failed build, as far as they could be found out; at least the C files. Without any for
   --build. They live as long as the build. */
const struct build_inputs *build_inputs(const struct build *build);
#endif
