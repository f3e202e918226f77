/* What every unit test of this folder starts with: Check, and a main that runs one suite. */
#ifndef UNIT_H
#define UNIT_H
#include <check.h>
#include <stdlib.h>

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
