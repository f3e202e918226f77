/*
 * What a build runs: shell scripts around $CC, $CFLAGS, $LDFLAGS and pkg-config, which may hold
 * several words and quotes as in a makefile; and what their exit status means. File names are
 * arguments of the scripts, never part of them.
 */
#ifndef PROC_DEV_BUILD_COMMAND_H
#define PROC_DEV_BUILD_COMMAND_H
#include <stddef.h>

/* What the scripts exit with where it is not the compiler's status. */
enum { BUILD_NO_PKG_CONFIG = 201, BUILD_NO_PACKAGE = 202 };

/* The text of one build, made of the environment. */
struct build_command {
    char *compiler;    /* $CC, else cc */
    char *compile;     /* script; $1: for the rule of inputs, $2: result, $3: C file */
    char *module;      /* the same, and links it */
    char *link;        /* script; $1: result, $2...: object files */
    char *search_path; /* PKG_CONFIG_PATH, with where this cgw's own package is */
};

/* 0 or -ENOMEM. */
int build_command_init(struct build_command *command);
void build_command_fini(struct build_command *command);

/*
 * A line, with its newline, that says what a compiler's script could not, from waitpid(2)'s status;
 * "" where it has said it all, len bytes of it; mem_free() it, NULL: out of memory.
 */
char *build_command_explain(const struct build_command *command, int status, size_t len);
/* The same for the command of --build. */
char *build_command_explain_own(const char *own, int status);
#endif
