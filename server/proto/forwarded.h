/*
 * Who asked, behind proxies: X-Forwarded-For, X-Forwarded-Proto and Forwarded (RFC 7239), believed
 * only from trusted peers (behaviours 87 to 89).
 */
#ifndef PROTO_FORWARDED_H
#define PROTO_FORWARDED_H
#include "base/arena.h"
#include "base/str.h"

struct forwarded_trust; /* a list of addresses, CIDR blocks, "unix" and "*" */

/*
 * Read the comma-separated list; empty elements do not count, and nobody is trusted by an empty
 * one. 0, -ENOMEM, or -EINVAL with *ret_bad the element at fault (a slice of text).
 */
int forwarded_trust_new(const char *text, struct forwarded_trust **ret_trust, struct str *ret_bad);
void forwarded_trust_free(struct forwarded_trust *trust); /* NULL is fine */
/*
 * Is the peer trusted? address is textual, empty for a unix socket. IPv4-mapped IPv6 is IPv4; a
 * zone ("fe80::1%eth0") does not count. "*" is everybody.
 */
bool forwarded_is_trusted(const struct forwarded_trust *trust, struct str address);

struct forwarded {
    struct str scheme;    /* "http" or "https" (static), or empty: unchanged */
    struct str client;    /* address, NUL-terminated, in arena memory, or empty: unchanged */
    uint16_t client_port; /* 0: none was said */
};

/*
 * What a trusted peer's fields say. The client is the right-most address that is not trusted, the
 * left-most where all are; what stands there and is no address ("unknown", "_x", junk) leaves it
 * unchanged. Several lines are one list; empty elements do not count. The address comes in its
 * usual spelling, IPv4-mapped IPv6 as IPv4; ports ("1.2.3.4:80", "[v6]:80") are taken off.
 *
 * The last X-Forwarded-Proto wins. Where there is any X-Forwarded-For or X-Forwarded-Proto,
 * Forwarded adds nothing, but what it contradicts is unchanged: a proxy that writes the one kind
 * may pass the other on as the client sent it. Forwarded's proto is the client's element's, else
 * that of the next to its right which has one. Values are http, https, ws and wss, any case; others
 * leave the scheme unchanged. 0 or -ENOMEM.
 */
int forwarded_read(const struct forwarded_trust *trust, const struct field *fields, size_t n,
                   struct arena *arena, struct forwarded *ret_forwarded);
#endif
