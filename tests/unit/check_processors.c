/* How many processors --workers auto counts. */
#include "proc/system/processors.h"
#include "unit.h"
#include <sched.h>

START_TEST(quotas)
{
    static const struct {
        const char *text;
        uint32_t n;
    } cases[] = {{"max 100000\n", 0},
                 {"100000 100000", 1},
                 {"150000 100000", 2},
                 {"1 100000", 1},
                 {"800000 100000", 8},
                 {"", 0},
                 {"5", 0},
                 {"5 0", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_uint_eq(processors_of_quota(cases[i].text), cases[i].n);
}
END_TEST

START_TEST(affinity)
{
    cpu_set_t set;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    ck_assert_uint_ge(processors_count(), 1);
    ck_assert_uint_le(processors_count(), (unsigned)CPU_COUNT(&set));
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &set))
            continue;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
        ck_assert_uint_eq(processors_count(), 1);
        return;
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("processors");
    TCase *tcase = tcase_create("processors");
    tcase_add_test(tcase, quotas);
    tcase_add_test(tcase, affinity);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
