/*
 * The heap: the only place of the server that names malloc. Everything may answer NULL, and every
 * caller copes. [any-thread]
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H
#include <stddef.h>

void *mem_alloc(size_t bytes);            /* uninitialised; NULL: out of memory */
void *mem_zalloc(size_t bytes);           /* zeroed */
void *mem_realloc(void *p, size_t bytes); /* p stays valid where the answer is NULL */
void mem_free(void *p);                   /* NULL is fine */
char *mem_strdup(const char *s);
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
#endif
