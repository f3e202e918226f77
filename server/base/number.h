/*
 * Numbers as people and protocols write them: strict, whole-string, range-checked.
 * All answer 0, -EINVAL (not of the form) or -ERANGE; out-parameters are untouched on failure.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H
#include "base/str.h"
#include <stdint.h>

/* 1*DIGIT, no sign, no blanks. */
int number_decimal(struct str text, uint64_t max, uint64_t *ret_value);
/* 1*HEXDIG, no prefix. */
int number_hex(struct str text, uint64_t max, uint64_t *ret_value);
/* Bytes: decimal with an optional k, M or G (1024-based, either case), "16M". */
int number_bytes(struct str text, uint64_t max, uint64_t *ret_bytes);
/* Seconds, "30", "0.25", "1.5s", "250ms", "2m", "1h", as milliseconds. */
int number_duration(struct str text, uint64_t max_ms, uint64_t *ret_ms);
/* Octal file mode, "660" or "0660", at most 0777. */
int number_mode(struct str text, unsigned *ret_mode);
/* 1 0 yes no true false on off, either case. */
int number_bool(struct str text, bool *ret_value);
/* value in decimal at dst, which has 20 bytes of room; the length. No NUL. */
size_t number_print(char *dst, uint64_t value);
#endif
