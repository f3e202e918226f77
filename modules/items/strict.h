/*
 * Is a text JSON, and nothing but JSON (RFC 8259), in UTF-8 (RFC 3629)? Asked before json-c reads
 * it, which forgives much and gives back what it has forgiven; and what passes here json-c can only
 * fail for want of memory.
 */
#ifndef ITEMS_STRICT_H
#define ITEMS_STRICT_H
#include <stdbool.h>
#include <stddef.h>

/* NULL where len bytes are one value, with so many levels of arrays and objects at most; else what
   is wrong, static text for the client. */
const char *strict_fault(const char *text, size_t len, int levels);

bool strict_is_utf8(const char *text, size_t len);
#endif
