/*
 * Memory that is scarce on demand: the n-th allocation of the task layer fails, that of a fiber
 * among them. Linked with --wrap for each of these functions: TASK_SCARCE_WRAP of tests.am.
 */
#ifndef TASK_SCARCE_H
#define TASK_SCARCE_H
#include <stdbool.h>

/* From now on the nth allocation of this thread, 1 being the next, fails; 0: none does. */
void scarce_from(unsigned nth);
bool scarce_was_felt(void); /* since then one has failed */
#endif
