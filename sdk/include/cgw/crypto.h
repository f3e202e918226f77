/*
 * What wants cryptography (libcgw-crypto, pkg-config cgw-crypto; libsodium): hashes of passwords,
 * comparing secrets, sessions in a signed cookie.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_CRYPTO_H
#define CGW_CRYPTO_H
#include <cgw/lifespan.h>

/* Are they the same? Takes as long wherever they differ; their lengths are no secret. [any] */
bool cgw_secret_is(cgw_str given, cgw_str secret);

#endif
