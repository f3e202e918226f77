/*
 * One child process of a build: a shell with a script, in a process group of its own, and what it
 * says.
 */
#ifndef PROC_DEV_BUILD_STEP_H
#define PROC_DEV_BUILD_STEP_H
#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { BUILD_TEXT_BYTES = 64 * 1024 };

/* In the memory of its owner, zeroed before build_step_start(). */
struct build_step {
    /* who is told of the end, from the loop; the step may be freed in there */
    void (*ended)(struct build_step *step);
    void *arg;
    /* then: */
    int status;           /* of waitpid(2) */
    char *text;           /* standard output and error, NULL: it said nothing */
    size_t len, n_lost;   /* bytes of text, and of what did not go into it */
    struct ev_loop *loop; /* private from here on */
    pid_t pid;            /* 0: no child */
    bool is_gone;         /* the shell has ended */
    bool waits_for_all;   /* for the shell's children, too */
    ev_io output;
};

/*
 * Run sh -c argv[0] sh argv[1]..., NULL at the end, PKG_CONFIG_PATH set to pkg_config_path where
 * that is not NULL. ended, arg are set. It ends when the shell has, whatever it left running.
 * 0 or a negative errno.
 */
int build_step_start(struct build_step *step, struct ev_loop *loop, const char *const *argv,
                     const char *pkg_config_path);
/* Send the signal to all that it runs; from now on it ends when those are gone too. */
void build_step_kill(struct build_step *step, int number);
/* In a forked child: close its descriptor. */
void build_step_forget(const struct build_step *step);
/* Free what it holds; it does not end any more, should it not have. */
void build_step_fini(struct build_step *step);
#endif
