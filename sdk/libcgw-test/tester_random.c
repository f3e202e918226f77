/* The generator, and where its seed comes from. */
#include "tester_random.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static uint64_t next(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

/* Short, as a person copies it. */
static uint64_t random_seed(void)
{
    static uint64_t drawn;
    if (!drawn && getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) < 0)
        drawn = (uint64_t)time(NULL) * 2654435761u;
    drawn = drawn % 999999937 + 1;
    return drawn;
}

static bool environment_seed(uint64_t *ret_seed)
{
    const char *text = getenv("CGW_TEST_SEED");
    char *end;
    *ret_seed = 0;
    if (!text || !*text)
        return true;
    errno = 0;
    *ret_seed = strtoull(text, &end, 0);
    return !errno && !*end && *text != '-' && *ret_seed;
}

bool tester_random_init(cgw_test *test)
{
    uint64_t seed = test->options.seed;
    if (!seed && !environment_seed(&seed))
        return false;
    if (!seed) {
        seed = random_seed();
        if (!test->options.quiet)
            fprintf(stderr, "cgw-test: CGW_TEST_SEED=%llu is the schedule of this run\n",
                    (unsigned long long)seed);
    }
    test->seed = test->random = seed;
    return true;
}

uint32_t tester_random_below(cgw_test *test, uint32_t n)
{
    return n < 2 ? 0 : (uint32_t)(((next(&test->random) >> 32) * n) >> 32);
}
