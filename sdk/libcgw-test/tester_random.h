/* What the seed decides: the same seed, the same numbers (splitmix64). */
#ifndef TESTER_RANDOM_H
#define TESTER_RANDOM_H
#include "tester.h"

/* The seed of the options, of CGW_TEST_SEED, or a random one that is the same for the whole
   process. false: the variable is no number. */
bool tester_random_init(cgw_test *test);
/* 0 to n-1. */
uint32_t tester_random_below(cgw_test *test, uint32_t n);
#endif
