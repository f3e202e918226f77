/* Texts that come back from whoever had them as they were, or not at all. */
#include "sign.h"
#include "web/request.h"
#include "worker.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define URLSAFE sodium_base64_VARIANT_URLSAFE_NO_PADDING

enum { EXPIRY_LEN = 20, TOKEN_MIN = 16, TOKEN_MAX = 1024 };

int64_t sign_expiry(int64_t max_age)
{
    int64_t expires = 0;
    if (max_age > 0 && __builtin_add_overflow(crypto_worker_time(), max_age, &expires))
        expires = INT64_MAX;
    return expires;
}

size_t sign_len(size_t len)
{
    return sodium_base64_encoded_len(len, URLSAFE) - 1 + 1 + EXPIRY_LEN + 1 + KEYS_MAC_LEN;
}

static void add_base64(struct buffer *out, cgw_str bytes)
{
    size_t room = sodium_base64_encoded_len(bytes.len, URLSAFE);
    if (!buffer_reserve(out, room))
        return;
    sodium_bin2base64(out->ptr + out->len, room, (const unsigned char *)bytes.ptr, bytes.len,
                      URLSAFE);
    out->len += room - 1;
}

void sign_write(struct buffer *out, const cgw_keys *keys, const char *purpose, cgw_str text,
                int64_t expires)
{
    char mac[KEYS_MAC_LEN + 1];
    size_t begin = out->len;
    add_base64(out, text);
    buffer_printf(out, ".%" PRId64, expires);
    cgw_str so_far = buffer_text(out);
    if (!so_far.ptr)
        return;
    keys_sign(keys, 0, purpose, (cgw_str){so_far.ptr + begin, so_far.len - begin}, mac);
    buffer_add_char(out, '.');
    buffer_add(out, mac, KEYS_MAC_LEN);
}

/* ---- reading ---- */

/* What is behind the last dot of text goes to *ret_last, what is in front of it stays. */
static bool cut_last(cgw_str *text, cgw_str *ret_last)
{
    const char *dot = text->len ? memrchr(text->ptr, '.', text->len) : NULL;
    if (!dot)
        return false;
    *ret_last = (cgw_str){dot + 1, (size_t)(text->ptr + text->len - dot - 1)};
    text->len = (size_t)(dot - text->ptr);
    return true;
}

/* Of a text whose signature is right, which we have written. */
static bool is_good_at(cgw_str expiry, int64_t now)
{
    char digits[EXPIRY_LEN + 1] = "";
    if (expiry.len == 0 || expiry.len > EXPIRY_LEN)
        return false;
    memcpy(digits, expiry.ptr, expiry.len);
    int64_t expires = strtoll(digits, NULL, 10);
    return expires == 0 || now < expires;
}

static int decode(struct arena *arena, cgw_str text, cgw_str *ret_text)
{
    size_t room = text.len / 4 * 3 + 3, len;
    unsigned char *bytes = arena_alloc(arena, room + 1);
    if (!bytes)
        return CGW_ENOMEM;
    if (sodium_base642bin(bytes, room, text.ptr, text.len, NULL, &len, NULL, URLSAFE) != 0)
        return CGW_EDENIED;
    bytes[len] = '\0';
    *ret_text = (cgw_str){(char *)bytes, len};
    return CGW_OK;
}

int sign_read(struct arena *arena, const cgw_keys *keys, const char *purpose, cgw_str token,
              int64_t now, cgw_str *ret_text)
{
    cgw_str mac, expiry, text = token;
    if (!cut_last(&text, &mac) || !keys_have_signed(keys, purpose, text, mac))
        return CGW_EDENIED;
    if (!cut_last(&text, &expiry) || !is_good_at(expiry, now))
        return CGW_EDENIED;
    return decode(arena, text, ret_text);
}

/* ---- for applications ---- */

struct signing {
    cgw_request *req;
    const cgw_keys *keys;
    const char *purpose;
    cgw_str text, ret;
    int64_t time; /* when it expires, or now */
};

static int do_sign(void *arg)
{
    struct signing *signing = arg;
    struct buffer out = BUFFER_IN(&signing->req->arena);
    sign_write(&out, signing->keys, signing->purpose, signing->text, signing->time);
    signing->ret = buffer_text(&out);
    return CGW_OK;
}

const char *cgw__sign(cgw_request *req, const cgw_keys *keys, const char *purpose, cgw_str text,
                      struct cgw_sign_options options)
{
    struct signing signing = {.req = req,
                              .keys = keys,
                              .purpose = purpose,
                              .text = text,
                              .time = sign_expiry(options.max_age ? options.max_age : 3600)};
    (void)request_do(req, do_sign, &signing);
    return signing.ret.ptr;
}

static int do_unsign(void *arg)
{
    struct signing *signing = arg;
    return sign_read(&signing->req->arena, signing->keys, signing->purpose, signing->text,
                     signing->time, &signing->ret);
}

int cgw_unsign(cgw_request *req, const cgw_keys *keys, const char *purpose, const char *token,
               cgw_str *ret_text)
{
    if (!token)
        return CGW_EDENIED;
    struct signing signing = {.req = req,
                              .keys = keys,
                              .purpose = purpose,
                              .text = {token, strlen(token)},
                              .time = crypto_worker_time()};
    int status = request_do(req, do_unsign, &signing);
    if (status == CGW_OK)
        *ret_text = signing.ret;
    return status;
}

const char *cgw_token_new(cgw_request *req, size_t bytes)
{
    unsigned char random[TOKEN_MAX];
    size_t room = sodium_base64_encoded_len(bytes, URLSAFE);
    char *text = bytes < TOKEN_MIN || bytes > TOKEN_MAX ? NULL : crypto_worker_alloc(req, room);
    if (!text)
        return NULL;
    randombytes_buf(random, bytes);
    return sodium_bin2base64(text, room, random, bytes, URLSAFE);
}
