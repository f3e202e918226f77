/*
 * The rule that a compiler writes with -MMD, read back: which files it has read.
 */
#ifndef PROC_DEV_BUILD_INPUTS_H
#define PROC_DEV_BUILD_INPUTS_H
#include "proc/dev/build.h"
#include <stdbool.h>

/* Add one, where it is not among them yet. false: out of memory, nothing was added. */
bool build_inputs_add(struct build_inputs *inputs, const char *path);
/* Add what the rule in file names behind its colon. 0 or a negative errno: -ENOENT, ... */
int build_inputs_read(struct build_inputs *inputs, const char *file);
/* A header that was not found has no folder: add it in each folder that has another input. false:
   out of memory, some are missing. */
bool build_inputs_guess(struct build_inputs *inputs);
/* Free what it holds; the struct is the caller's. */
void build_inputs_fini(struct build_inputs *inputs);
#endif
