/* The heap behind memory.h: malloc by one name, so that lint can hold the rest of the SDK to it. */
#include "base/memory.h"
#include <stdlib.h>

void *memory_alloc(size_t bytes)
{
    return malloc(bytes);
}

void *memory_zalloc(size_t bytes)
{
    return calloc(1, bytes);
}

void *memory_grow(void *p, size_t bytes)
{
    return realloc(p, bytes);
}

void memory_free(void *p)
{
    free(p);
}
