/* Memory of a test: it lives until cgw_test_close(), or is an array that grows. Running out of it
   ends the test. [tester's thread] */
#ifndef TESTER_MEMORY_H
#define TESTER_MEMORY_H
#include "tester.h"

void *tester_memory_alloc(cgw_test *test, size_t bytes);                 /* zeroed */
char *tester_memory_copy(cgw_test *test, const void *bytes, size_t len); /* NUL behind */
char *tester_memory_printf(cgw_test *test, const char *format, ...) TESTER_PRINTF(2, 3);
/* Give all back. */
void tester_memory_fini(cgw_test *test);
/* Room for one more of size bytes in an array of n, at most *max; the array may move. */
void *tester_memory_grow(cgw_test *test, void *array, size_t n, size_t *max, size_t size);
#endif
