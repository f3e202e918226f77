/* What a client says of gzip: Accept-Encoding, RFC 9110, 12.5.3. */
#ifndef FILTER_GZIP_ACCEPT_H
#define FILTER_GZIP_ACCEPT_H
#include "filter/filter.h"

/* Gzip is acceptable, and no less so than the bytes as they are where it speaks of those. */
bool gzip_accept(const struct cgw_header *headers, size_t n);
#endif
