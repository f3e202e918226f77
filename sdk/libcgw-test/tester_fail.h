/* How a test ends that cannot go on: a message with the seed, and abort(). [any-thread] */
#ifndef TESTER_FAIL_H
#define TESTER_FAIL_H
#include "tester.h"

/* "cgw-test: GET /items: what"; call may be NULL. */
_Noreturn void tester_fail(const cgw_test *test, const struct tester_call *call, const char *format,
                           ...) TESTER_PRINTF(3, 4);
_Noreturn void tester_fail_memory(const cgw_test *test);
/* What the application may do, and what it has done instead. */
#define tester_misuse(call, ...) tester_fail((call)->test, (call), __VA_ARGS__)
#endif
