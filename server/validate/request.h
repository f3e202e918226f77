/*
 * The requests that are played: those that every application is asked, and those of --request.
 */
#ifndef VALIDATE_REQUEST_H
#define VALIDATE_REQUEST_H
#include "base/str.h"
#include <cgw/abi.h>
#include <stdbool.h>

struct request {
    const char *label; /* for people: "POST / with 5 bytes" */
    struct str method, path, raw_path, query;
    const char *body; /* NULL: body_bytes of a pattern */
    size_t body_bytes;
    unsigned n_fields; /* that many fields more */
    bool has_body, is_chunked;
    bool is_old;   /* HTTP/1.0, without any field */
    bool is_basic; /* played in every scenario, not only in the plain ones */
    bool is_websocket;
    bool is_lifespan;
};

extern const struct request request_lifespan, request_websocket;

/*
 * The i-th request, or NULL when there are no more. Those of request_add() are at the end.
 */
const struct request *request_get(unsigned i);
/*
 * Add "METHOD /path?query [body]". 0; -EINVAL it is not of that form; -ENOMEM.
 */
int request_add(const char *text);
/* A read-only scope for the request, in memory of its own; NULL: out of memory. */
const struct cgw_scope *request_scope(const struct request *request, void *state);
/* Byte i of the request's body. */
static inline char request_byte(const struct request *request, size_t i)
{
    return request->body ? request->body[i] : (char)('a' + i % 26);
}
#endif
