/*
 * R. Giulietti's Schubfach: a double stands for the interval of all reals that round to it. With a
 * power of ten that is no longer than the interval, but longer than a tenth of it, one of two or
 * three multiples of it, or of ten times it, is the answer. The interval's ends and its middle are
 * scaled by one rounded 128-bit power of ten each, to quarters of a unit; that the roundings never
 * change an answer is the paper's theorem ("The Schubfach way to render doubles", 2020).
 */
#include "model/decimal.h"
#include <stdbool.h>
#include <string.h>

#define FRACTION_BITS 52
#define HIDDEN_BIT    (UINT64_C(1) << FRACTION_BITS)
#define EXPONENT_MASK 0x7ff
#define BIAS          1075 /* value = significand * 2^(exponent - BIAS) */

struct product {
    uint64_t high, low;
};

static struct product multiply(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    unsigned __int128 p = (unsigned __int128)a * b;
    return (struct product){(uint64_t)(p >> 64), (uint64_t)p};
#else
    uint64_t a0 = a & UINT32_MAX, a1 = a >> 32, b0 = b & UINT32_MAX, b1 = b >> 32;
    uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32);
    uint64_t other = a0 * b1 + (middle & UINT32_MAX);
    return (struct product){a1 * b1 + (middle >> 32) + (other >> 32),
                            other << 32 | (low & UINT32_MAX)};
#endif
}

/* power * value / 2^128, whose last bit says whether it is that or more. */
static uint64_t scale(const struct decimal_power *power, uint64_t value)
{
    struct product small = multiply(power->low, value), large = multiply(power->high, value);
    uint64_t low = large.low + small.high;
    return (large.high + (low < small.high)) | (low > 1);
}

/* For |e| below 1700: floor(log10(2^e)), of 3/4 of that where is_narrow; floor(log2(10^e)). */
static int log10_of_pow2(int e, bool is_narrow)
{
    return (e * 1262611 - (is_narrow ? 524031 : 0)) >> 22;
}

static int log2_of_pow10(int e)
{
    return (e * 1741647) >> 19;
}

/* lower, value, upper: the interval and its middle, in quarters. *ret_more: the answer is 10 times
   a smaller one. */
static uint64_t choose(uint64_t lower, uint64_t value, uint64_t upper, bool *ret_more)
{
    uint64_t s = value / 4;
    *ret_more = false;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool has_below = lower <= 40 * tens, has_above = 40 * tens + 40 <= upper;
        if (has_below != has_above) {
            *ret_more = true;
            return tens + has_above;
        }
    }
    bool has_below = lower <= 4 * s, has_above = 4 * s + 4 <= upper;
    if (has_below != has_above)
        return s + has_above;
    uint64_t middle = 4 * s + 2;
    return s + (value > middle || (value == middle && (s & 1)));
}

static struct decimal shortest(uint64_t significand, int exponent, bool is_narrow)
{
    bool is_odd = significand & 1; /* an even one also stands for the ends of its interval */
    int k = log10_of_pow2(exponent, is_narrow);
    int shift = exponent + log2_of_pow10(-k) + 1;
    const struct decimal_power *power = &decimal_powers[-k - DECIMAL_POWER_FIRST];
    uint64_t value = 4 * significand;
    uint64_t lower = scale(power, (value - 2 + is_narrow) << shift) + is_odd;
    uint64_t upper = scale(power, (value + 2) << shift) - is_odd;
    bool has_more;
    uint64_t digits = choose(lower, scale(power, value << shift), upper, &has_more);
    return (struct decimal){digits, k + has_more};
}

struct decimal decimal_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & (HIDDEN_BIT - 1);
    int exponent = (int)(bits >> FRACTION_BITS) & EXPONENT_MASK;
    uint64_t significand = exponent ? fraction | HIDDEN_BIT : fraction;
    if (!significand)
        return (struct decimal){0, 0};
    int power = (exponent ? exponent : 1) - BIAS;
    struct decimal decimal;
    if (power <= 0 && power > -FRACTION_BITS - 1 && !(significand & ((UINT64_C(1) << -power) - 1)))
        decimal = (struct decimal){significand >> -power, 0}; /* a whole number */
    else
        decimal = shortest(significand, power, fraction == 0 && exponent > 1);
    for (; decimal.digits % 10 == 0; decimal.exponent++)
        decimal.digits /= 10;
    return decimal;
}
