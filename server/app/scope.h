/*
 * Building the scope of an HTTP call from what a protocol has read: decoded path, root_path, and
 * who asked as trusted proxies tell it.
 */
#ifndef APP_SCOPE_H
#define APP_SCOPE_H
#include "app/call.h"

/* All strings lie in the call's arena, or live longer than the call; NUL-terminated. */
struct scope_request {
    uint8_t http_major, http_minor;
    struct str method, raw_path, query;
    const struct field *fields;
    size_t n_fields;
    struct str client, server; /* addresses, or a socket path for server */
    uint16_t client_port, server_port;
    bool is_secure;
};

/* Fill call->scope. 0 or -ENOMEM. What else the call knows of its request the wire sets. */
int scope_fill(struct call *call, const struct scope_request *request);
#endif
