/*
 * UUIDs: sixteen bytes and their text. Reading goes over the text once where it is right; only what
 * is wrong is looked at again, to say why. Random ones come from the kernel.
 */
#include "model/uuid.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define SIMPLE_LEN 32
#define URN        "urn:uuid:"
#define URN_LEN    (sizeof URN - 1)

static const unsigned char group_bytes[] = {4, 2, 2, 2, 6};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n bytes from 2 n digits. */
static bool read_bytes(const char *ptr, size_t n, uint8_t *dst)
{
    int wrong = 0;
    for (size_t i = 0; i < n; i++) {
        int high = hex_value(ptr[2 * i]), low = hex_value(ptr[2 * i + 1]);
        wrong |= high | low;
        dst[i] = (uint8_t)(high * 16 + low);
    }
    return wrong >= 0;
}

static bool read_groups(const char *ptr, uint8_t *dst)
{
    bool is_good = true;
    for (size_t i = 0; i < sizeof group_bytes; i++) {
        is_good &=
            read_bytes(ptr, group_bytes[i], dst) && (i == 4 || ptr[2 * group_bytes[i]] == '-');
        ptr += 2 * group_bytes[i] + 1;
        dst += group_bytes[i];
    }
    return is_good;
}

/* Take off braces or the URN's beginning; how many bytes were before. */
static size_t unwrap(cgw_str *text)
{
    size_t before = 0;
    if (text->len >= 2 && text->ptr[0] == '{' && text->ptr[text->len - 1] == '}') {
        before = 1;
        text->len--;
    } else if (text->len >= URN_LEN && !memcmp(text->ptr, URN, URN_LEN)) {
        before = URN_LEN;
    }
    text->ptr += before;
    text->len -= before;
    return before;
}

/* ---- what is wrong ---- */

/* The character at ptr as it stands there; NUL, which would end the text, as U+FFFD. */
static int character_len(const char *ptr, size_t len)
{
    unsigned char lead = (unsigned char)*ptr;
    size_t n = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return (int)(n < len ? n : len);
}

static void say_character(cgw_str text, size_t at, size_t before, char *error)
{
    const char *ptr = text.ptr + at;
    int n = *ptr ? character_len(ptr, text.len - at) : 3;
    snprintf(error, UUID_ERROR_BYTES, "invalid character: found `%.*s` at %zu", n,
             *ptr ? ptr : "\xef\xbf\xbd", before + at + 1);
}

/* The first group that is not as long as it should be; text has five. */
static void say_group(cgw_str text, char *error)
{
    size_t begin = 0;
    for (size_t i = 0; i < sizeof group_bytes; i++) {
        const char *hyphen = memchr(text.ptr + begin, '-', text.len - begin);
        size_t n = (hyphen ? (size_t)(hyphen - text.ptr) : text.len) - begin;
        size_t expected = 2u * group_bytes[i];
        if (n != expected) {
            snprintf(error, UUID_ERROR_BYTES,
                     "invalid group length in group %zu: expected %zu, found %zu", i, expected, n);
            return;
        }
        begin += n + 1;
    }
}

static void say_why(cgw_str text, size_t before, char *error)
{
    size_t n_groups = 1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '-') {
            n_groups++;
        } else if (hex_value(text.ptr[i]) < 0) {
            say_character(text, i, before, error);
            return;
        }
    }
    if (n_groups == 1 && before == 0)
        snprintf(error, UUID_ERROR_BYTES,
                 "invalid length: expected length 32 for simple format, found %zu", text.len);
    else if (n_groups != 5)
        snprintf(error, UUID_ERROR_BYTES, "invalid group count: expected 5, found %zu", n_groups);
    else
        say_group(text, error);
}

int uuid_read(cgw_str text, cgw_uuid *ret_uuid, char error[UUID_ERROR_BYTES])
{
    size_t before = unwrap(&text);
    cgw_uuid uuid = {{0}};
    if ((text.len == CGW_UUID_LEN && read_groups(text.ptr, uuid.bytes)) ||
        (text.len == SIMPLE_LEN && before == 0 && read_bytes(text.ptr, 16, uuid.bytes))) {
        *ret_uuid = uuid;
        return CGW_OK;
    }
    /* Where the length was right, pydantic counts from behind the brace. */
    if (error)
        say_why(text, text.len == CGW_UUID_LEN ? 0 : before, error);
    return CGW_EINVALID;
}

int cgw_uuid_parse(cgw_str text, cgw_uuid *out)
{
    return uuid_read(text, out, NULL);
}

size_t cgw_uuid_format(const cgw_uuid *uuid, char dst[CGW_UUID_LEN + 1])
{
    static const char hex[] = "0123456789abcdef";
    char *end = dst;
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *end++ = '-';
        *end++ = hex[uuid->bytes[i] >> 4];
        *end++ = hex[uuid->bytes[i] & 15];
    }
    *end = '\0';
    return CGW_UUID_LEN;
}

cgw_uuid cgw_uuid_new(void)
{
    cgw_uuid uuid;
    /* Up to 256 bytes come whole; a signal can only interrupt the wait for the first seed. */
    while (getrandom(uuid.bytes, sizeof uuid.bytes, 0) != (ssize_t)sizeof uuid.bytes)
        if (errno != EINTR)
            __builtin_trap(); /* a kernel without getrandom: no number would be one */
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x40);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}
