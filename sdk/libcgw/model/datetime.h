/*
 * Moments as text and as numbers, by the rules that pydantic has for them in its lax mode, so that
 * what FastAPI takes is taken here. What is written is RFC 3339, or the same without a zone. Pure
 * functions. [any-thread]
 *
 * Text is
 *   - YYYY-MM-DD, alone: midnight without a zone;
 *   - with a 'T', 't', ' ' or '_' and HH:MM[:SS[.fraction]] behind it ('.' or ','; from the seventh
 *     digit on the fraction is cut off), and a zone or none: 'Z', 'z', or HH:MM or HHMM behind '+',
 *     '-' or U+2212, below 24 hours. There is no leap second and no 24:00;
 *   - a decimal number, without exponent: seconds since 1970 in UTC, or milliseconds where it is
 *     beyond 2e10, rounded to microseconds.
 * Numbers are the same seconds or milliseconds. Years are 1 to 9999, in local time.
 */
#ifndef MODEL_DATETIME_H
#define MODEL_DATETIME_H
#include <cgw/model.h>

/*
 * CGW_OK, or CGW_EINVALID: *ret_error says what is wrong in pydantic's words, static; it is "ctx":
 * {"error":...} of "datetime_from_date_parsing", "Input should be a valid datetime or date, ERROR",
 * or, where datetime_is_range_error(), of "datetime_parsing", "Input should be a valid datetime,
 * ERROR".
 */
int datetime_read(cgw_str text, cgw_datetime *ret_when, const char **ret_error) CGW_MUST_USE;
bool datetime_is_range_error(const char *error);

/* The same from numbers, whose errors are all of "datetime_parsing". */
int datetime_from_i64(int64_t number, cgw_datetime *ret_when, const char **ret_error) CGW_MUST_USE;
int datetime_from_f64(double number, cgw_datetime *ret_when, const char **ret_error) CGW_MUST_USE;
#endif
