/* The query of a URL as pairs: application/x-www-form-urlencoded, as the URL standard reads it. */
#ifndef WEB_QUERY_H
#define WEB_QUERY_H
#include "model/model.h"

/*
 * "a=1&b=%20" to pairs in order, decoded, NUL-terminated, in the arena's memory. Nothing is an
 * error: a % that begins no escape is itself, what is no UTF-8 becomes U+FFFD, pairs without '='
 * have an empty value, empty pairs are none. CGW_OK or CGW_ENOMEM.
 */
int query_parse(struct arena *arena, cgw_str query, const struct model_pair **ret_pairs,
                size_t *ret_n);
#endif
