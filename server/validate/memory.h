/*
 * Memory whose lifetime is enforced: what the host lends lies in pages of its own, which are
 * read-only while they are the host's and gone when their time is over. A touch out of season is a
 * fault, and a fault becomes a finding in words.
 */
#ifndef VALIDATE_MEMORY_H
#define VALIDATE_MEMORY_H
#include <stddef.h>

enum memory_kind { MEMORY_CALL, MEMORY_SCOPE, MEMORY_DATA, MEMORY_ALLOC };

/*
 * bytes of zeroed memory behind which a page is missing. Body bytes end there, memory of
 * alloc() as close as its alignment lets it. NULL: out of memory. [any-thread]
 */
void *memory_new(enum memory_kind kind, size_t bytes);
/* From now on it may only be read. */
void memory_seal(void *p);
/* From now on it is gone; when says since when, "finish()". NULL is fine. */
void memory_end(void *p, const char *when);

/* Turn faults of the whole process into findings. */
void memory_watch_faults(void);
/* Give the calling thread a stack on which an overflow of its own can be reported. */
void memory_prepare_thread(void);
/* While the host reads or writes what the application handed over: its name; NULL afterwards. */
void memory_probing(const char *what);
#endif
