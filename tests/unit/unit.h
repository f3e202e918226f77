/* What every unit test of this folder starts with: Check, and a main that runs one suite. */
#ifndef UNIT_H
#define UNIT_H
#include <check.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1 /* memory is the sanitizer's */
#endif
#endif

/* An assertion for what is looked at many thousand times: Check writes down each that it passes. */
#define UNIT_MUST(condition) ((condition) ? (void)0 : ck_abort_msg("not so: %s", #condition))

/* main() of a test program: run the suite that make_suite() builds, each test in a process. */
#define UNIT_MAIN(make_suite)                             \
    int main(void)                                        \
    {                                                     \
        SRunner *runner = srunner_create(make_suite());   \
        srunner_run_all(runner, CK_ENV);                  \
        int failed = srunner_ntests_failed(runner);       \
        srunner_free(runner);                             \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
    }
#endif
