/*
 * Sixteen bytes at a time, by the vectors that gcc and clang have for every processor. A test makes
 * a vector of a vector: its bytes are not zero where the property is there.
 */
#ifndef BASE_VECTOR_H
#define BASE_VECTOR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned char vector __attribute__((vector_size(16)));

#define VECTOR(c) ((vector){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c})

static inline vector vector_load(const char *p)
{
    vector v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* n bytes, 1 to 15, some of them more than once. */
static inline vector vector_load_few(const char *p, size_t n)
{
    uint64_t first, last;
    uint32_t low, high;
    if (n >= 8) {
        memcpy(&first, p, sizeof first);
        memcpy(&last, p + n - 8, sizeof last);
    } else if (n >= 4) {
        memcpy(&low, p, sizeof low);
        memcpy(&high, p + n - 4, sizeof high);
        first = last = (uint64_t)high << 32 | low;
    } else {
        unsigned char a = (unsigned char)p[0], b = (unsigned char)p[n / 2];
        first = a * 0x0101010101010101u;
        last = b * 0x0101010101010100u | (unsigned char)p[n - 1];
    }
    return (vector)(__attribute__((vector_size(16))) uint64_t){first, last};
}

static inline bool vector_is_zero(vector v)
{
    uint64_t halves[2];
    memcpy(halves, &v, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/* Bytes from first to last. */
static inline vector vector_range(vector v, unsigned char first, unsigned char last)
{
    return (vector)(v - VECTOR(first) <= VECTOR((unsigned char)(last - first)));
}

static inline vector vector_equal(vector v, unsigned char c)
{
    return (vector)(v == VECTOR(c));
}

/* Does the test find anything in n bytes? */
static inline bool vector_any(const char *p, size_t n, vector (*test)(vector v))
{
    if (n < 16)
        return n && !vector_is_zero(test(vector_load_few(p, n)));
    vector hits = test(vector_load(p + n - 16)); /* some of these are looked at twice */
    for (size_t i = 0; i + 16 < n; i += 16)
        hits |= test(vector_load(p + i));
    return !vector_is_zero(hits);
}
#endif
