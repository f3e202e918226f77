/* A list of blocks; whatever a test answers with lies in one. */
#include "tester_memory.h"
#include "tester_fail.h"
#include <stdio.h>
#include <stdlib.h>

void *tester_memory_alloc(cgw_test *test, size_t bytes)
{
    struct tester_memory *memory = calloc(1, sizeof *memory + bytes);
    if (!memory)
        tester_fail_memory(test);
    memory->next = test->memory;
    test->memory = memory;
    return memory->bytes;
}

char *tester_memory_copy(cgw_test *test, const void *bytes, size_t len)
{
    char *copy = tester_memory_alloc(test, len + 1);
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

char *tester_memory_printf(cgw_test *test, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = tester_memory_alloc(test, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void tester_memory_fini(cgw_test *test)
{
    for (struct tester_memory *memory = test->memory, *next; memory; memory = next) {
        next = memory->next;
        free(memory);
    }
    test->memory = NULL;
}

void *tester_memory_grow(cgw_test *test, void *array, size_t n, size_t *max, size_t size)
{
    if (n < *max)
        return array;
    size_t more = *max ? *max * 2 : 16;
    void *grown = reallocarray(array, more, size);
    if (!grown)
        tester_fail_memory(test);
    *max = more;
    return grown;
}
