/* A secret of any length becomes a key by hashing; a key signs by HMAC-SHA-512/256. */
#include "keys.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(KEYS_BYTES == crypto_auth_hmacsha512256_KEYBYTES, "the key of the signature");
_Static_assert(KEYS_MAC_BYTES == crypto_auth_hmacsha512256_BYTES, "its bytes");
_Static_assert(KEYS_MAC_LEN + 1 ==
                   sodium_base64_ENCODED_LEN(KEYS_MAC_BYTES,
                                             sodium_base64_VARIANT_URLSAFE_NO_PADDING),
               "its characters");

/* ---- of texts ---- */

static const char blanks[] = ", \t\r\n";

static int add_key(cgw_boot *boot, cgw_keys *keys, const char *where, cgw_str secret)
{
    static const unsigned char salt[crypto_generichash_blake2b_SALTBYTES] = "cgw keys";
    static const unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = "signature";
    if (secret.len < CGW_KEY_MIN_LEN)
        return cgw_boot_fail(boot, "%s: a key has %d characters or more, this one has %zu", where,
                             CGW_KEY_MIN_LEN, secret.len);
    if (keys->n == KEYS_MAX)
        return cgw_boot_fail(boot, "%s: there are more than %d keys", where, KEYS_MAX);
    (void)crypto_generichash_blake2b_salt_personal(keys->keys[keys->n++], KEYS_BYTES,
                                                   (const unsigned char *)secret.ptr, secret.len,
                                                   NULL, 0, salt, personal);
    return 0;
}

static cgw_keys *read_keys(cgw_boot *boot, const char *where, const char *text)
{
    cgw_keys *keys = cgw_boot_alloc(boot, sizeof(*keys));
    if (!keys || sodium_init() < 0) {
        (void)cgw_boot_fail(boot, "%s: %s", where, keys ? "libsodium failed" : "out of memory");
        return NULL;
    }
    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        cgw_str secret = {text, strcspn(text, blanks)};
        if (add_key(boot, keys, where, secret) != 0)
            return NULL;
        text += secret.len;
    }
    if (keys->n)
        return keys;
    (void)cgw_boot_fail(boot, "%s: there is no key", where);
    return NULL;
}

cgw_keys *cgw_keys_new(cgw_boot *boot, const char *text)
{
    return read_keys(boot, "cgw_keys_new()", text ? text : "");
}

cgw_keys *cgw_keys_env(cgw_boot *boot, const char *variable)
{
    const char *text = getenv(variable);
    if (text && text[strspn(text, blanks)])
        return read_keys(boot, variable, text);
    (void)cgw_boot_fail(boot,
                        "the environment variable %s is not set: it holds the key that signs, %d "
                        "characters or more that nobody guesses, as \"openssl rand -hex 32\" "
                        "prints them; several with commas between, the first of which signs",
                        variable, CGW_KEY_MIN_LEN);
    return NULL;
}

/* ---- signatures ---- */

/* Lengths in front, so that no two pairs of purpose and text are the same bytes. */
static void add(crypto_auth_hmacsha512256_state *state, const char *ptr, size_t len)
{
    unsigned char length[8];
    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)((uint64_t)len >> 8 * i);
    crypto_auth_hmacsha512256_update(state, length, sizeof(length));
    crypto_auth_hmacsha512256_update(state, (const unsigned char *)ptr, len);
}

void keys_sign(const cgw_keys *keys, size_t i, const char *purpose, cgw_str text,
               char ret_mac[KEYS_MAC_LEN + 1])
{
    crypto_auth_hmacsha512256_state state;
    unsigned char mac[KEYS_MAC_BYTES];
    crypto_auth_hmacsha512256_init(&state, keys->keys[i], KEYS_BYTES);
    add(&state, purpose, strlen(purpose));
    add(&state, text.ptr, text.len);
    crypto_auth_hmacsha512256_final(&state, mac);
    sodium_bin2base64(ret_mac, KEYS_MAC_LEN + 1, mac, sizeof(mac),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* As texts: of several texts that decode to the same bytes one is right. */
bool keys_have_signed(const cgw_keys *keys, const char *purpose, cgw_str text, cgw_str mac)
{
    char right[KEYS_MAC_LEN + 1];
    bool is_signed = false;
    if (mac.len != KEYS_MAC_LEN)
        return false;
    for (size_t i = 0; i < keys->n; i++) {
        keys_sign(keys, i, purpose, text, right);
        is_signed |= sodium_memcmp(right, mac.ptr, KEYS_MAC_LEN) == 0;
    }
    return is_signed;
}
