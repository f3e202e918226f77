/* Recognised by the words that all these programs share, and by the shape of quoted lines. */
#include "proc/dev/diagnostic.h"

enum { ESCAPE = 0x1b, BELL = 0x07, DELETE = 0x7f };

static bool is_parameter(char c)
{
    return c >= 0x20 && c < 0x40;
}

/* "ESC [ 01;31 m": parameters, then one byte that ends it. */
static size_t control_sequence(struct str s)
{
    size_t i = 2;
    while (i < s.len && is_parameter(s.ptr[i]))
        i++;
    return i < s.len ? i + 1 : s.len;
}

/* "ESC ] 8;;URL BEL", or with ESC \ at its end: a link. It does not go over the end of a line. */
static size_t operating_command(struct str s)
{
    for (size_t i = 2; i < s.len && s.ptr[i] != '\n'; i++) {
        if (s.ptr[i] == BELL)
            return i + 1;
        if (s.ptr[i] == ESCAPE && i + 1 < s.len && s.ptr[i + 1] == '\\')
            return i + 2;
    }
    return 2;
}

/* How many bytes at the beginning of s are only for a terminal. */
static size_t terminal_bytes(struct str s)
{
    unsigned char c = (unsigned char)s.ptr[0];
    if (c == ESCAPE && s.len > 1 && s.ptr[1] == '[')
        return control_sequence(s);
    if (c == ESCAPE && s.len > 1 && s.ptr[1] == ']')
        return operating_command(s);
    return (c < 0x20 && c != '\n' && c != '\t') || c == DELETE;
}

size_t diagnostic_strip(char *text, size_t len)
{
    size_t to = 0;
    for (size_t i = 0; i < len;) {
        size_t skip = terminal_bytes((struct str){text + i, len - i});
        if (!skip)
            text[to++] = text[i];
        i += skip ? skip : 1;
    }
    return to;
}

struct str diagnostic_next_line(struct str *text)
{
    const char *end = memchr(text->ptr, '\n', text->len);
    struct str line = {text->ptr, end ? (size_t)(end - text->ptr) : text->len};
    size_t used = line.len + (end != NULL);
    *text = (struct str){text->ptr + used, text->len - used};
    return line;
}

static size_t blanks(struct str s, size_t i)
{
    while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == '\t'))
        i++;
    return i;
}

/* "   12 |  return x;" is source, "      |  ^~~" is what stands below it. */
static enum diagnostic_kind read_margin(struct str line)
{
    size_t begin = blanks(line, 0), i = begin;
    while (i < line.len && line.ptr[i] >= '0' && line.ptr[i] <= '9')
        i++;
    bool has_number = i > begin;
    i = blanks(line, i);
    if (begin == 0 && !has_number)
        return DIAGNOSTIC_PLAIN;
    if (i == line.len || line.ptr[i] != '|')
        return DIAGNOSTIC_PLAIN;
    return has_number ? DIAGNOSTIC_SOURCE : DIAGNOSTIC_MARKS;
}

/* clang before 16 has no margin: a line of nothing but marks. */
static bool is_marks(struct str line)
{
    bool has_caret = false;
    for (size_t i = 0; i < line.len; i++) {
        has_caret |= line.ptr[i] == '^' || line.ptr[i] == '~';
        if (!memchr(" \t^~", line.ptr[i], 4))
            return false;
    }
    return has_caret;
}

static bool has_at(struct str line, size_t i, struct str word)
{
    return line.len - i >= word.len && memcmp(line.ptr + i, word.ptr, word.len) == 0;
}

/* Words that open a message, at the beginning of a line or behind ": ". */
static const struct {
    struct str word;
    enum diagnostic_kind kind;
} openings[] = {
    {{"error:", 6}, DIAGNOSTIC_ERROR},
    {{"fatal error:", 12}, DIAGNOSTIC_ERROR},
    {{"undefined reference to ", 23}, DIAGNOSTIC_ERROR},
    {{"multiple definition of ", 23}, DIAGNOSTIC_ERROR},
    {{"undefined symbol:", 17}, DIAGNOSTIC_ERROR},
    {{"cannot find ", 12}, DIAGNOSTIC_ERROR},
    {{"*** ", 4}, DIAGNOSTIC_ERROR},
    {{"warning:", 8}, DIAGNOSTIC_WARNING},
    {{"note:", 5}, DIAGNOSTIC_NOTE},
};

static enum diagnostic_kind read_opening(struct str line, size_t i)
{
    for (size_t k = 0; k < sizeof openings / sizeof *openings; k++)
        if (has_at(line, i, openings[k].word))
            return openings[k].kind;
    return DIAGNOSTIC_PLAIN;
}

static struct diagnostic split(struct str line, size_t i, enum diagnostic_kind kind)
{
    size_t place = i ? i - 1 : 0; /* without the blank */
    return (struct diagnostic){kind, {line.ptr, place}, {line.ptr + place, line.len - place}};
}

struct diagnostic diagnostic_read(struct str line)
{
    enum diagnostic_kind kind = read_margin(line);
    if (kind == DIAGNOSTIC_PLAIN && is_marks(line))
        kind = DIAGNOSTIC_MARKS;
    if (kind == DIAGNOSTIC_PLAIN)
        kind = read_opening(line, 0);
    if (kind != DIAGNOSTIC_PLAIN)
        return split(line, 0, kind);
    for (size_t i = 2; i < line.len; i++) {
        if (line.ptr[i - 1] != ' ' || line.ptr[i - 2] != ':')
            continue;
        kind = read_opening(line, i);
        if (kind != DIAGNOSTIC_PLAIN)
            return split(line, i, kind);
    }
    return split(line, 0, DIAGNOSTIC_PLAIN);
}
