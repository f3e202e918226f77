/*
 * Doubles as decimals: of all that read back as the same double the one with the fewest digits, and
 * of those the nearest. That is what Python and JavaScript print. No locale has a say. [any-thread]
 */
#ifndef MODEL_DECIMAL_H
#define MODEL_DECIMAL_H
#include <stdint.h>

/* digits * 10^exponent; digits has 17 digits at most and no zero behind, but where it is 0. */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* value: not negative, not NaN, not infinite. */
struct decimal decimal_of(double value);

/* ---- decimal_powers.c ---- */
#define DECIMAL_POWER_FIRST (-292)
#define DECIMAL_POWERS      617
struct decimal_power {
    uint64_t high, low;
};
extern const struct decimal_power decimal_powers[DECIMAL_POWERS];
#endif
