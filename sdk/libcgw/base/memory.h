/* The heap: the only place of the SDK that names malloc. Everything may answer NULL. [any-thread]
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H
#include <stddef.h>

void *memory_alloc(size_t bytes);         /* uninitialised; NULL: out of memory */
void *memory_zalloc(size_t bytes);        /* zeroed */
void *memory_grow(void *p, size_t bytes); /* p stays valid where the answer is NULL */
void memory_free(void *p);                /* NULL is fine */
#endif
