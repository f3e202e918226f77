/* Numbers and truth out of text, as pydantic takes them in its lax mode. Pure functions but for the
   arena, which long numbers need. [any-thread] */
#ifndef MODEL_LAX_H
#define MODEL_LAX_H
#include "base/arena.h"

/* A whole number of any size. */
struct lax_integer {
    bool is_negative;
    bool is_huge; /* its magnitude does not fit */
    uint64_t magnitude;
};

enum lax_result {
    LAX_OK,
    LAX_NO_NUMBER, /* the text is none */
    LAX_FRACTION,  /* a number, but not a whole one */
    LAX_INFINITE,  /* NaN, infinite, or beyond what a double holds */
    LAX_TOO_LARGE, /* too long, or a number with a point beyond 64 bits */
    LAX_NO_MEMORY
};

/* Decimal digits with a sign or not, nothing else; exact. len > 0. */
struct lax_integer lax_digits(const char *text, size_t len);
/* A JSON number with fraction or exponent that is whole: 12.0, 1e3. */
enum lax_result lax_real_integer(cgw_str number, struct arena *arena,
                                 struct lax_integer *ret_integer);
/* " 12", "+12", "1_000", "12.00"; at most 4300 bytes. */
enum lax_result lax_text_integer(cgw_str text, struct arena *arena,
                                 struct lax_integer *ret_integer);
/* A JSON number. */
enum lax_result lax_number(cgw_str number, struct arena *arena, double *ret_value);
/* " 1.5 ", ".5", "1_000.5", "1e3"; "inf" and "nan" are LAX_INFINITE. */
enum lax_result lax_text_number(cgw_str text, struct arena *arena, double *ret_value);
/* "true" "t" "yes" "y" "on" "1" and their opposites, in any case. false: none of them. */
bool lax_text_bool(cgw_str text, bool *ret_value);
#endif
