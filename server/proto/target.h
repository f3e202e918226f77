/*
 * The target of a request and its Host (RFC 9112 3.2, RFC 3986 3.2), taken apart and checked.
 */
#ifndef PROTO_TARGET_H
#define PROTO_TARGET_H
#include "base/arena.h"
#include "base/str.h"

/* Slices of the text that was parsed, not NUL-terminated. */
struct target {
    struct str path;      /* origin-form path as sent, "/" where an absolute one has none, or "*" */
    struct str query;     /* behind '?', "" where empty or absent */
    struct str authority; /* of an absolute-form target, else empty */
};

/*
 * Take apart the target of a request with this method. 0, or the status to refuse it with: 400
 * (not a form that the method allows, a byte outside 0x21..0x7e, userinfo, another scheme, a bad
 * authority). A fragment ("#…") is cut off. absolute-form: http and https, any case.
 */
int target_parse(struct str method, struct str text, struct target *ret_target);

/*
 * Is text a Host: uri-host [":" port] (RFC 9110 7.2), not empty, labels not empty (one dot at the
 * end is fine), no userinfo, no comma, IPv6 in brackets, port 0..65535 or empty?
 */
bool target_is_host(struct str text);

/*
 * The path percent-decoded and as valid UTF-8, with prefix in front, NUL-terminated, in arena
 * memory: "%zz" stays as it is, "%00" becomes a NUL byte, bytes that are no UTF-8 become U+FFFD.
 * -ENOMEM.
 */
int target_decode(struct arena *arena, struct str prefix, struct str path, struct str *ret_path);
#endif
