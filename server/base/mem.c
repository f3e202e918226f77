/* The heap behind mem.h: malloc by one name, so that lint can hold the rest of the tree to it. */
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *mem_alloc(size_t bytes)
{
    return malloc(bytes);
}

void *mem_zalloc(size_t bytes)
{
    return calloc(1, bytes);
}

void *mem_realloc(void *p, size_t bytes)
{
    return realloc(p, bytes);
}

void mem_free(void *p)
{
    free(p);
}

char *mem_strdup(const char *s)
{
    return strdup(s);
}

char *mem_printf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&text, format, args);
    va_end(args);
    return n < 0 ? NULL : text;
}
