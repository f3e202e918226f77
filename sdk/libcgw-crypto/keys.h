/* Keys of signatures, and what is signed with them. */
#ifndef CRYPTO_KEYS_H
#define CRYPTO_KEYS_H
#include "base/buffer.h"
#include <cgw/crypto.h>

enum { KEYS_MAX = 8, KEYS_BYTES = 32, KEYS_MAC_BYTES = 32, KEYS_MAC_LEN = 43 };

struct cgw_keys {
    size_t n;
    unsigned char keys[KEYS_MAX][KEYS_BYTES]; /* [0] signs */
};

/* The signature of text for a purpose by keys->keys[i], as base64url, NUL-terminated. */
void keys_sign(const cgw_keys *keys, size_t i, const char *purpose, cgw_str text,
               char ret_mac[KEYS_MAC_LEN + 1]);
/* Is mac, of any length, that of one of the keys? Takes as long whichever it is. */
bool keys_have_signed(const cgw_keys *keys, const char *purpose, cgw_str text, cgw_str mac);
#endif
