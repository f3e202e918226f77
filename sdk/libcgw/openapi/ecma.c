/*
 * The two languages agree on most of what people write. What ECMA-262 spells otherwise is spelled
 * so (\A, \z, \x{41}, (?P<name>...), a brace or bracket that stands for itself); what it lacks
 * (possessive quantifiers, atomic groups, recursion, options, POSIX classes, \h, \R...) has no
 * pattern at all: a schema that says less is better than one that says something else.
 */
#include "openapi/ecma.h"

struct reader {
    const char *at;
    struct buffer *out;
    bool is_in_class, is_repeated; /* is_repeated: a quantifier has just been */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static bool take(struct reader *reader, size_t n)
{
    buffer_add(reader->out, reader->at, n);
    reader->at += n;
    return true;
}

static bool replace(struct reader *reader, size_t n, const char *by)
{
    buffer_add(reader->out, by, strlen(by));
    reader->at += n;
    return true;
}

/* \x41 and \x{41}; at the x. */
static bool hexadecimal(struct reader *reader)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = reader->at + 1;
    size_t n = strspn(*at == '{' ? at + 1 : at, digits);
    if (*at != '{' && n >= 2) {
        buffer_add_char(reader->out, '\\');
        return take(reader, 3);
    }
    if (*at != '{' || n == 0 || n > 6 || at[1 + n] != '}')
        return false;
    buffer_add_literal(reader->out, "\\u");
    reader->at = at;
    return take(reader, n + 2);
}

/* \p{L}; \pL is not there. At the p. */
static bool property(struct reader *reader)
{
    size_t n = strcspn(reader->at, "}");
    if (reader->at[1] != '{' || reader->at[2] == '^' || reader->at[n] != '}')
        return false;
    buffer_add_char(reader->out, '\\');
    return take(reader, n + 1);
}

static bool escape(struct reader *reader)
{
    char c = *++reader->at;
    if (c == 'A' && !reader->is_in_class)
        return replace(reader, 1, "^");
    if (is_one_of(c, "zZ") && !reader->is_in_class)
        return replace(reader, 1, "$");
    if (c == 'x')
        return hexadecimal(reader);
    if (is_one_of(c, "pP"))
        return property(reader);
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool is_known = is_one_of(c, "dDwWsSfnrtbB^$\\.*+?()[]{}|/") || (c > '0' && c <= '9') ||
                    (c == '-' && reader->is_in_class);
    if (!c || (!is_known && (is_letter || is_digit(c) || (unsigned char)c >= 0x80)) ||
        (reader->is_in_class && c == 'B'))
        return false;
    if (is_known)
        buffer_add_char(reader->out, '\\');
    return take(reader, 1);
}

/* ---- classes ---- */

static bool class_item(struct reader *reader)
{
    char c = *reader->at;
    if (c == '\\')
        return escape(reader);
    if (c == '[' && is_one_of(reader->at[1], ":.="))
        return false;
    return c == '[' ? replace(reader, 1, "\\[") : take(reader, 1);
}

static bool class(struct reader *reader)
{
    reader->is_in_class = true;
    take(reader, 1);
    if (*reader->at == '^')
        take(reader, 1);
    if (*reader->at == ']') /* the first one stands for itself */
        replace(reader, 1, "\\]");
    while (*reader->at && *reader->at != ']')
        if (!class_item(reader))
            return false;
    reader->is_in_class = false;
    return *reader->at && take(reader, 1);
}

/* ---- groups and quantifiers ---- */

static bool group(struct reader *reader)
{
    const char *at = reader->at;
    if (at[1] == '*')
        return false;
    if (at[1] != '?')
        return take(reader, 1);
    if (is_one_of(at[2], ":=!"))
        return take(reader, 3);
    if (at[2] == '<')
        return take(reader, is_one_of(at[3], "=!") ? 4 : 3);
    return at[2] == 'P' && at[3] == '<' && replace(reader, 4, "(?<");
}

/* Bytes of {n}, {n,} or {n,m} at text; 0: a brace that stands for itself. */
static size_t braces(const char *text)
{
    size_t n = 1;
    while (is_digit(text[n]))
        n++;
    if (n == 1)
        return 0;
    if (text[n] == ',')
        for (n++; is_digit(text[n]);)
            n++;
    return text[n] == '}' ? n + 1 : 0;
}

static bool quantifier(struct reader *reader, size_t n)
{
    if (reader->is_repeated)
        return false;
    take(reader, n);
    if (*reader->at == '+')
        return false; /* possessive */
    if (*reader->at == '?')
        take(reader, 1);
    reader->is_repeated = true;
    return true;
}

static bool piece(struct reader *reader)
{
    char c = *reader->at;
    size_t n = c == '{' ? braces(reader->at) : is_one_of(c, "*+?");
    if (n)
        return quantifier(reader, n);
    reader->is_repeated = false;
    switch (c) {
    case '\\':
        return escape(reader);
    case '[':
        return class(reader);
    case '(':
        return group(reader);
    case '{':
        return replace(reader, 1, "\\{");
    case '}':
        return replace(reader, 1, "\\}");
    case ']':
        return replace(reader, 1, "\\]");
    default:
        return take(reader, 1);
    }
}

bool ecma_pattern(const char *pattern, struct buffer *out)
{
    struct reader reader = {.at = pattern, .out = out};
    while (*reader.at)
        if (!piece(&reader))
            return false;
    return true;
}
