/* The last words of a test. */
#include "tester_fail.h"
#include <stdio.h>
#include <stdlib.h>

void tester_fail(const cgw_test *test, const struct tester_call *call, const char *format, ...)
{
    char what[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    fflush(stdout);
    fprintf(stderr, "cgw-test: %s%s%s\n", call ? call->name : "", call ? ": " : "", what);
    if (test && test->seed)
        fprintf(stderr, "cgw-test: CGW_TEST_SEED=%llu runs this schedule again\n",
                (unsigned long long)test->seed);
    fflush(stderr);
    abort();
}

void tester_fail_memory(const cgw_test *test)
{
    tester_fail(test, NULL, "out of memory");
}
