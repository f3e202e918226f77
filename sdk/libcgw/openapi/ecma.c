/*
 * The two languages agree on most of what people write. What ECMA-262 spells otherwise is spelled
 * so (\A, \z, \x{41}, (?P<name>...), a brace or bracket that stands for itself); what it lacks
 * (possessive quantifiers, atomic groups, recursion, options, POSIX classes, \h, \R...) has no
 * pattern at all: a schema that says less is better than one that says something else. The flag u
 * takes no quantifier behind what has no width, no number but a group's, and of properties the
 * general categories, by their short names.
 */
#include "openapi/ecma.h"

struct reader {
    const char *at;
    struct buffer *out;
    bool is_in_class, is_fixed; /* is_fixed: no quantifier may follow */
    uint64_t lookarounds;       /* of the groups that are open, the innermost in bit 0 */
    unsigned depth;
};
enum { DEPTH_MAX = 64 };

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

static bool is_category(const char *name, size_t len)
{
    static const char names[] = " C Cc Cf Cn Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd "
                                "Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs Any ";
    for (const char *at = names + 1; *at; at += strcspn(at, " ") + 1)
        if (strcspn(at, " ") == len && memcmp(at, name, len) == 0)
            return true;
    return false;
}

/* \p{L}; \pL is not there. At the p. */
static bool property(struct reader *reader)
{
    size_t n = strcspn(reader->at, "}");
    if (reader->at[1] != '{' || reader->at[n] != '}' || !is_category(reader->at + 2, n - 2))
        return false;
    buffer_add_char(reader->out, '\\');
    return take(reader, n + 1);
}

/* \1, of a group; \12 may be a character, and in a class each is. At the digit. */
static bool number(struct reader *reader)
{
    if (reader->is_in_class || *reader->at == '0' || is_digit(reader->at[1]))
        return false;
    buffer_add_char(reader->out, '\\');
    return take(reader, 1);
}

static bool escape(struct reader *reader)
{
    char c = *++reader->at;
    reader->is_fixed = is_one_of(c, "AzZbB");
    if (c == 'A' && !reader->is_in_class)
        return replace(reader, 1, "^");
    if (is_one_of(c, "zZ") && !reader->is_in_class)
        return replace(reader, 1, "$");
    if (c == 'x')
        return hexadecimal(reader);
    if (is_one_of(c, "pP"))
        return property(reader);
    if (is_digit(c))
        return number(reader);
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool is_known =
        is_one_of(c, "dDwWsSfnrtbB^$\\.*+?()[]{}|/") || (c == '-' && reader->is_in_class);
    if (!c || (!is_known && (is_letter || (unsigned char)c >= 0x80)) ||
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
    reader->is_in_class = reader->is_fixed = false;
    return *reader->at && take(reader, 1);
}

/* ---- groups and quantifiers ---- */

static bool open_group(struct reader *reader, bool is_lookaround)
{
    reader->lookarounds = reader->lookarounds << 1 | is_lookaround;
    return reader->depth++ < DEPTH_MAX;
}

static bool group(struct reader *reader)
{
    const char *at = reader->at;
    bool is_behind = at[1] == '?' && at[2] == '<' && is_one_of(at[3], "=!");
    if (at[1] == '*' || !open_group(reader, is_behind || (at[1] == '?' && is_one_of(at[2], "=!"))))
        return false;
    if (at[1] != '?')
        return take(reader, 1);
    if (is_one_of(at[2], ":=!"))
        return take(reader, 3);
    if (at[2] == '<')
        return take(reader, is_behind ? 4 : 3);
    return at[2] == 'P' && at[3] == '<' && replace(reader, 4, "(?<");
}

static bool close_group(struct reader *reader)
{
    reader->is_fixed = reader->lookarounds & 1;
    reader->lookarounds >>= 1;
    reader->depth -= reader->depth > 0;
    return take(reader, 1);
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
    if (reader->is_fixed)
        return false;
    take(reader, n);
    if (*reader->at == '+')
        return false; /* possessive */
    if (*reader->at == '?')
        take(reader, 1);
    reader->is_fixed = true;
    return true;
}

static bool piece(struct reader *reader)
{
    char c = *reader->at;
    size_t n = c == '{' ? braces(reader->at) : is_one_of(c, "*+?");
    if (n)
        return quantifier(reader, n);
    reader->is_fixed = is_one_of(c, "^$");
    switch (c) {
    case '\\':
        return escape(reader);
    case '[':
        return class(reader);
    case '(':
        return group(reader);
    case ')':
        return close_group(reader);
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
