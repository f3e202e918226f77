/*
 * Who asked, behind proxies. Each proxy appends what it saw at the right end, so an element can be
 * believed as long as all to its right were written by trusted ones: the client is the right-most
 * element that is not trusted. Read from the left that is "the first element, replaced by each
 * later one that is not trusted": one pass, nothing stored. What cannot be read is not trusted
 * either, so a forged or broken element never lets one to its left through.
 */
#include "proto/forwarded.h"
#include "base/mem.h"
#include "base/number.h"
#include "proto/chars.h"
#include <arpa/inet.h>
#include <errno.h>

/* IPv4 as IPv4-mapped IPv6, so that both spellings are one address. */
struct address {
    unsigned char bytes[16];
};

struct block {
    struct address address;
    unsigned bits;
};

struct forwarded_trust {
    bool has_any, has_unix;
    size_t n;
    struct block blocks[];
};

static const unsigned char mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool is_mapped(const struct address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

/* A textual address without brackets, port or zone. */
static bool read_address(struct str text, struct address *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET6, copy, ret_address->bytes) == 1)
        return true;
    if (inet_pton(AF_INET, copy, ret_address->bytes + 12) != 1)
        return false;
    memcpy(ret_address->bytes, mapped_prefix, sizeof(mapped_prefix));
    return true;
}

/* ---- who is trusted ---- */

/* ADDRESS or ADDRESS/BITS; bits below the prefix do not count. */
static bool read_block(struct str text, struct block *ret_block)
{
    const char *slash = memchr(text.ptr, '/', text.len);
    struct str address = {text.ptr, slash ? (size_t)(slash - text.ptr) : text.len};
    if (!read_address(address, &ret_block->address))
        return false;
    /* The address's own spelling says how its bits are counted: ::ffff:1.2.3.4/104 is 1.2.3.4/8. */
    uint64_t width = memchr(address.ptr, ':', address.len) ? 128 : 32, bits = width;
    if (slash) {
        struct str rest = {slash + 1, text.len - address.len - 1};
        if (number_decimal(rest, width, &bits) != 0)
            return false;
    }
    ret_block->bits = (unsigned)(bits + 128 - width);
    return true;
}

static bool add_element(struct forwarded_trust *trust, struct str element)
{
    if (str_is(element, STR("*")))
        trust->has_any = true;
    else if (str_is_nocase(element, STR("unix")))
        trust->has_unix = true;
    else if (read_block(element, &trust->blocks[trust->n]))
        trust->n++;
    else
        return false;
    return true;
}

int forwarded_trust_new(const char *text, struct forwarded_trust **ret_trust, struct str *ret_bad)
{
    struct str list = str_from(text), element;
    size_t n = 1;
    for (size_t i = 0; i < list.len; i++)
        n += list.ptr[i] == ',';
    struct forwarded_trust *trust = mem_zalloc(sizeof(*trust) + n * sizeof(trust->blocks[0]));
    if (!trust)
        return -ENOMEM;
    while (str_next_element(&list, &element)) {
        if (element.len != 0 && !add_element(trust, element)) {
            *ret_bad = element;
            forwarded_trust_free(trust);
            return -EINVAL;
        }
    }
    *ret_trust = trust;
    return 0;
}

void forwarded_trust_free(struct forwarded_trust *trust)
{
    mem_free(trust);
}

static bool block_has(const struct block *block, const struct address *address)
{
    unsigned whole = block->bits / 8, rest = block->bits % 8;
    /* ::/0 is all of IPv6, not of IPv4. */
    if (is_mapped(address) != (is_mapped(&block->address) && block->bits >= 96))
        return false;
    if (memcmp(block->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (block->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

static bool trusts(const struct forwarded_trust *trust, const struct address *address)
{
    for (size_t i = 0; i < trust->n; i++)
        if (block_has(&trust->blocks[i], address))
            return true;
    return false;
}

bool forwarded_is_trusted(const struct forwarded_trust *trust, struct str address)
{
    struct address parsed;
    if (trust->has_any)
        return true;
    if (address.len == 0)
        return trust->has_unix;
    const char *zone = memchr(address.ptr, '%', address.len); /* a link-local peer's interface */
    if (zone)
        address.len = (size_t)(zone - address.ptr);
    return read_address(address, &parsed) && trusts(trust, &parsed);
}

/* ---- one hop ---- */

/* What one element says; an all-zero one says nothing that could be read. */
struct hop {
    struct address address;
    bool has_node, has_address; /* whatever it says of its client, and what of that is one */
    uint16_t port;              /* 0: not said */
    struct str scheme;          /* static, or empty */
};

/* ":" and 1*5DIGIT, or an obfuscated port (RFC 7239 6.3), which is none. text is behind the ':'. */
static bool read_port(struct str text, uint16_t *ret_port)
{
    uint64_t port;
    if (text.len > 1 && text.ptr[0] == '_') {
        *ret_port = 0;
        return chars_is_token(text);
    }
    if (text.len > 5 || number_decimal(text, UINT16_MAX, &port) != 0)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

/* Brackets say where the port begins, or the one colon that no IPv6 address has. */
static bool split_node(struct str text, struct str *ret_address, struct str *ret_port)
{
    const char *end = text.ptr + text.len, *stop = end;
    if (text.len && text.ptr[0] == '[') {
        stop = memchr(text.ptr++, ']', text.len);
        if (!stop || !memchr(text.ptr, ':', (size_t)(stop - text.ptr)))
            return false;
        *ret_address = (struct str){text.ptr, (size_t)(stop - text.ptr)};
        stop++;
    } else {
        const char *colon = memchr(text.ptr, ':', text.len);
        if (colon && !memchr(colon + 1, ':', (size_t)(end - colon) - 1))
            stop = colon;
        *ret_address = (struct str){text.ptr, (size_t)(stop - text.ptr)};
    }
    if (stop != end && *stop != ':')
        return false;
    *ret_port =
        stop == end ? (struct str){NULL, 0} : (struct str){stop + 1, (size_t)(end - stop) - 1};
    return true;
}

/* An address with or without brackets and port (RFC 7239 6). "unknown", "_x" and junk are none. */
static void read_node(struct str text, struct hop *hop)
{
    struct str address, port;
    hop->has_node = true;
    hop->has_address = split_node(text, &address, &port) && read_address(address, &hop->address) &&
                       (!port.ptr || read_port(port, &hop->port));
}

static struct str scheme_of(struct str text)
{
    if (str_is_nocase(text, STR("https")) || str_is_nocase(text, STR("wss")))
        return STR("https");
    if (str_is_nocase(text, STR("http")) || str_is_nocase(text, STR("ws")))
        return STR("http");
    return (struct str){NULL, 0};
}

/* The hops read so far, from the left. */
struct walk {
    const struct forwarded_trust *trust;
    bool has_begun;
    struct hop best; /* its scheme: the left-most that is said from the best hop on */
};

static void walk_on(struct walk *walk, const struct hop *hop)
{
    bool is_trusted =
        walk->trust->has_any || (hop->has_address && trusts(walk->trust, &hop->address));
    if (!walk->has_begun || !is_trusted)
        walk->best = *hop;
    else if (walk->best.scheme.len == 0)
        walk->best.scheme = hop->scheme;
    walk->has_begun = true;
}

/* ---- X-Forwarded-For, X-Forwarded-Proto ---- */

static void walk_x_for(struct walk *walk, struct str value)
{
    struct str element;
    while (str_next_element(&value, &element)) {
        struct hop hop = {.has_address = false};
        if (element.len == 0)
            continue;
        read_node(element, &hop);
        walk_on(walk, &hop);
    }
}

static void last_x_proto(struct str value, struct str *scheme)
{
    struct str element;
    while (str_next_element(&value, &element))
        if (element.len != 0)
            *scheme = scheme_of(element);
}

/* ---- Forwarded (RFC 7239 4) ---- */

/* Bounds of what is read of one element, so that reading is linear whatever the quotes say. */
enum { PAIR_BYTES = 256, PAIRS = 16 };

/* Take a quoted-string off *text into dst, unescaped. false: it does not end, or has no room. */
static bool take_quoted(struct str *text, char *dst, struct str *ret_value)
{
    size_t n = 0, i = 1;
    while (i < text->len && text->ptr[i] != '"') {
        i += text->ptr[i] == '\\';
        if (i >= text->len || n == PAIR_BYTES)
            return false;
        dst[n++] = text->ptr[i++];
    }
    if (i >= text->len)
        return false;
    *text = (struct str){text->ptr + i + 1, text->len - i - 1};
    *ret_value = (struct str){dst, n};
    return true;
}

/* Take what is before the next of the bytes in ends off *text. */
static struct str take_until(struct str *text, const char *ends)
{
    size_t n = 0;
    while (n < text->len && n <= PAIR_BYTES &&
           (text->ptr[n] == '\0' || !strchr(ends, text->ptr[n])))
        n++;
    struct str taken = {text->ptr, n};
    *text = (struct str){text->ptr + n, text->len - n};
    return str_trim(taken);
}

static void skip_blanks(struct str *text)
{
    while (text->len && (text->ptr[0] == ' ' || text->ptr[0] == '\t'))
        text->ptr++, text->len--;
}

static bool ends_pair(struct str text)
{
    return text.len == 0 || text.ptr[0] == ';' || text.ptr[0] == ',';
}

/*
 * Take one name=value off *text, up to ';' or ',' or the end; a value that should have been quoted
 * ("[::1]:80") is taken without. false: it is not of the form.
 */
static bool take_pair(struct str *text, char *dst, struct str *ret_name, struct str *ret_value)
{
    *ret_name = take_until(text, "=;,");
    if (!chars_is_token(*ret_name) || text->len == 0 || text->ptr[0] != '=')
        return false;
    text->ptr++, text->len--;
    skip_blanks(text);
    if (text->len && text->ptr[0] == '"') {
        if (!take_quoted(text, dst, ret_value))
            return false;
        skip_blanks(text);
    } else {
        *ret_value = take_until(text, ";,\"");
        if (ret_value->len == 0)
            return false;
    }
    return ends_pair(*text);
}

/* What a pair says, into hop. false: it says what was said before, which is an error. */
static bool read_pair(struct hop *hop, unsigned *seen, struct str name, struct str value)
{
    bool is_for = str_is_nocase(name, STR("for")), is_proto = str_is_nocase(name, STR("proto"));
    unsigned bit = is_for ? 1u : is_proto ? 2u : 0u;
    if (*seen & bit)
        return false;
    *seen |= bit;
    if (is_for)
        read_node(value, hop);
    else if (is_proto)
        hop->scheme = scheme_of(value);
    return true;
}

/* Take the pairs of one element off *text, to its comma or the end. The pairs, or -1: bad form. */
static int take_pairs(struct str *text, struct hop *hop)
{
    int n = 0;
    unsigned seen = 0;
    for (skip_blanks(text); text->len && text->ptr[0] != ','; skip_blanks(text)) {
        char room[PAIR_BYTES];
        struct str name, value;
        if (text->ptr[0] == ';')
            text->ptr++, text->len--;
        else if (++n > PAIRS || !take_pair(text, room, &name, &value) ||
                 !read_pair(hop, &seen, name, value))
            return -1;
    }
    return n;
}

/*
 * One line. An element of bad form says nothing, and the next one starts behind the next comma, in
 * quotes or not: a quote that a client leaves open must not swallow what a proxy appends.
 */
static void walk_forwarded(struct walk *walk, struct str text)
{
    while (text.len) {
        struct str rest = text;
        struct hop hop = {.has_address = false};
        int n = take_pairs(&rest, &hop);
        if (n < 0) {
            const char *comma = memchr(text.ptr, ',', text.len);
            const char *end = text.ptr + text.len;
            rest = comma ? (struct str){comma, (size_t)(end - comma)} : (struct str){end, 0};
            hop = (struct hop){.has_address = false};
        }
        if (n != 0)
            walk_on(walk, &hop);
        text = rest.len ? (struct str){rest.ptr + 1, rest.len - 1} : rest;
    }
}

/* ---- all of it ---- */

/* The best hop's address in its usual spelling; one that was not readable leaves it unchanged. */
static int keep_client(const struct hop *hop, struct arena *arena, struct forwarded *forwarded)
{
    char text[INET6_ADDRSTRLEN];
    bool is_v4 = is_mapped(&hop->address);
    if (!hop->has_address)
        return 0;
    inet_ntop(is_v4 ? AF_INET : AF_INET6, hop->address.bytes + (is_v4 ? 12 : 0), text,
              sizeof(text));
    size_t len = strlen(text);
    char *copy = arena_copy(arena, text, len);
    if (!copy)
        return -ENOMEM;
    forwarded->client = (struct str){copy, len};
    forwarded->client_port = hop->port;
    return 0;
}

static bool is_same_client(const struct hop *a, const struct hop *b)
{
    return a->has_address == b->has_address &&
           memcmp(&a->address, &b->address, sizeof(a->address)) == 0;
}

/*
 * A proxy that writes the one kind may pass the other on as the client sent it, and which of them
 * it writes is not known: where both speak they must agree, or neither is believed.
 */
static void doubt(const struct hop *standard, struct hop *x, struct str *scheme)
{
    if (standard->has_node && !is_same_client(standard, x))
        x->has_address = false;
    if (standard->scheme.len && !str_is(standard->scheme, *scheme))
        *scheme = (struct str){NULL, 0};
}

int forwarded_read(const struct forwarded_trust *trust, const struct field *fields, size_t n,
                   struct arena *arena, struct forwarded *ret_forwarded)
{
    struct walk x = {.trust = trust}, standard = {.trust = trust};
    struct forwarded forwarded = {.client_port = 0};
    bool has_x = false;
    for (size_t i = 0; i < n; i++) {
        struct str name = fields[i].name, value = fields[i].value;
        if (str_is_nocase(name, STR("x-forwarded-for")))
            walk_x_for(&x, value), has_x = true;
        else if (str_is_nocase(name, STR("x-forwarded-proto")))
            last_x_proto(value, &forwarded.scheme), has_x = true;
        else if (str_is_nocase(name, STR("forwarded")))
            walk_forwarded(&standard, value);
    }
    if (has_x)
        doubt(&standard.best, &x.best, &forwarded.scheme);
    else
        forwarded.scheme = standard.best.scheme;
    int rc = keep_client(has_x ? &x.best : &standard.best, arena, &forwarded);
    if (rc == 0)
        *ret_forwarded = forwarded;
    return rc;
}
