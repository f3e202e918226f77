/*
 * Signed texts: TEXT "." EXPIRY "." SIGNATURE, where TEXT is base64url (RFC 4648, 5, no padding),
 * EXPIRY seconds since 1970 in decimals, 0 for never, and SIGNATURE that of all in front of it.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H
#include "keys.h"

/* Seconds since 1970 until which what is signed now is good; max_age: in seconds; < 0: for ever, 0.
   [task] */
int64_t sign_expiry(int64_t max_age);
/* Characters of a signed text of so many bytes, at most. */
size_t sign_len(size_t len);
/* Behind what is in out. expires: seconds since 1970; 0: never. */
void sign_write(struct buffer *out, const cgw_keys *keys, const char *purpose, cgw_str text,
                int64_t expires);
/* The text, of the arena, NUL-terminated. CGW_OK; CGW_EDENIED; CGW_ENOMEM. now: seconds since 1970.
 */
int sign_read(struct arena *arena, const cgw_keys *keys, const char *purpose, cgw_str token,
              int64_t now, cgw_str *ret_text);
#endif
