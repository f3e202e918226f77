/* Patterns of PCRE2 as those of ECMA-262, which JSON Schema speaks: with the flag u. */
#ifndef OPENAPI_ECMA_H
#define OPENAPI_ECMA_H
#include "base/buffer.h"

/* What means the same there, behind what is in out. false: there is no such, and what was added is
   of no use. */
bool ecma_pattern(const char *pattern, struct buffer *out);
#endif
