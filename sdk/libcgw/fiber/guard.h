/*
 * Guards: pages below a stack that fault. By madvise where the kernel has it (Linux 6.13): that
 * needs no mapping of its own. Else by mprotect, which splits the mapping in two each time, until
 * the process comes near to the number of mappings it may have. [any-thread]
 */
#ifndef FIBER_GUARD_H
#define FIBER_GUARD_H
#include <stdbool.h>
#include <stddef.h>

enum guard_kind { GUARD_UNKNOWN, GUARD_MADVISE, GUARD_MPROTECT };

/* How long a guard is: whole pages, and beyond what one frame skips. */
size_t guard_bytes(void);
/* Make the guard_bytes() at p fault. *kind says how; where it is unknown, it is found out. false:
   no further mapping. */
bool guard_set(enum guard_kind *kind, void *p);
/* n guards were unmapped. */
void guard_forget(enum guard_kind kind, size_t n);
#endif
