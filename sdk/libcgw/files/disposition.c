/* A name of plain letters goes as it is; another one twice: with '_' for what is not plain, and
   whole, encoded (RFC 8187), which is the one that browsers take. */
#include "files/disposition.h"
#include "base/buffer.h"

/* May stand in a quoted string as it is. '%' is decoded there by some. */
static bool is_plain(unsigned char c)
{
    return c >= ' ' && c < 0x7f && !strchr("\"\\%/", c);
}

/* attr-char of RFC 8187, 3.2.1. */
static bool is_attribute(unsigned char c)
{
    bool is_letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    return is_letter || (c && strchr("!#$&+-.^_`|~", c));
}

static void write_encoded(struct buffer *out, const char *filename)
{
    buffer_add_literal(out, "; filename*=UTF-8''");
    for (const char *c = filename; *c; c++) {
        if (is_attribute((unsigned char)*c))
            buffer_add_char(out, *c);
        else
            buffer_printf(out, "%%%02X", (unsigned char)*c);
    }
}

const char *disposition_write(struct arena *arena, const char *filename, bool is_inline)
{
    struct buffer out = BUFFER_IN(arena);
    bool is_all_plain = true;
    buffer_printf(&out, "%s; filename=\"", is_inline ? "inline" : "attachment");
    for (const char *c = filename; *c; c++) {
        bool is_this_plain = is_plain((unsigned char)*c);
        is_all_plain &= is_this_plain;
        if (is_this_plain)
            buffer_add_char(&out, *c);
        else if (((unsigned char)*c & 0xc0) != 0x80) /* once for each character */
            buffer_add_char(&out, '_');
    }
    buffer_add_char(&out, '"');
    if (!is_all_plain)
        write_encoded(&out, filename);
    return buffer_text(&out).ptr;
}
