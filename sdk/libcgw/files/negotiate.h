/* What a client takes: Accept and Accept-Encoding (RFC 9110, 12.5). */
#ifndef FILES_NEGOTIATE_H
#define FILES_NEGOTIATE_H
#include <cgw/abi.h>
#include <stdbool.h>

/* The weight that the fields of that name give to a member, in thousandths; -1: they do not name
   it. name is lower-case, member compares in any case. */
int negotiate_weight(const struct cgw_header *headers, size_t n, const char *name,
                     const char *member);
/* Of a content coding in Accept-Encoding: 0 where it is not to be sent, as where it is not named,
   or the client would rather have none. */
int negotiate_encoding(const struct cgw_header *headers, size_t n, const char *encoding);
/* Does it want a page: HTML by name, as browsers that navigate say and scripts do not. */
bool negotiate_is_page(const struct cgw_header *headers, size_t n);
#endif
