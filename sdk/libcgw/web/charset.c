/* Bytes of a charset to UTF-8. */
#include "web/charset.h"
#include "web/match.h"
#include <string.h>
#include <strings.h>

enum charset charset_find(cgw_str label)
{
    static const struct {
        const char *name;
        enum charset charset;
    } labels[] = {
        {"utf-8", CHARSET_UTF8},    {"utf8", CHARSET_UTF8},           {"us-ascii", CHARSET_LATIN1},
        {"ascii", CHARSET_LATIN1},  {"iso-8859-1", CHARSET_LATIN1},   {"iso8859-1", CHARSET_LATIN1},
        {"latin1", CHARSET_LATIN1}, {"windows-1252", CHARSET_LATIN1}, {"cp1252", CHARSET_LATIN1},
    };
    for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++)
        if (strlen(labels[i].name) == label.len &&
            strncasecmp(labels[i].name, label.ptr, label.len) == 0)
            return labels[i].charset;
    return CHARSET_UNKNOWN;
}

/* Where windows-1252 differs from ISO-8859-1, from 0x80 on. */
static const uint16_t differing[32] = {
    0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
    0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

/* to has room for three times the bytes. */
static size_t from_latin1(char *to, cgw_str bytes)
{
    char *at = to;
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned code = (unsigned char)bytes.ptr[i];
        if (code >= 0x80 && code < 0xa0)
            code = differing[code - 0x80];
        if (code < 0x80) {
            *at++ = (char)code;
            continue;
        }
        if (code >= 0x800) {
            *at++ = (char)(0xe0 | code >> 12);
            *at++ = (char)(0x80 | (code >> 6 & 0x3f));
        } else {
            *at++ = (char)(0xc0 | code >> 6);
        }
        *at++ = (char)(0x80 | (code & 0x3f));
    }
    return (size_t)(at - to);
}

static bool is_ascii(cgw_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if ((unsigned char)bytes.ptr[i] >= 0x80)
            return false;
    return true;
}

int charset_text(cgw_request *req, enum charset charset, cgw_str bytes, cgw_str *ret_text)
{
    bool is_good =
        charset == CHARSET_LATIN1 ? is_ascii(bytes) : match_path_is_utf8(bytes.ptr, bytes.len);
    char *text = is_good ? cgw_dup(req, bytes.ptr, bytes.len) : cgw_alloc(req, 3 * bytes.len + 1);
    size_t len = bytes.len;
    if (!text)
        return CGW_ENOMEM;
    if (!is_good)
        len = charset == CHARSET_LATIN1 ? from_latin1(text, bytes)
                                        : match_path_mend(text, bytes.ptr, bytes.len);
    text[len] = '\0';
    *ret_text = (cgw_str){text, len};
    return CGW_OK;
}
