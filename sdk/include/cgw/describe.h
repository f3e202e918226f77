/*
 * What an application says of itself before it runs: its routes, and its schema. A table of the
 * application's, as `cgw_app.extension(CGW_EXT_DESCRIBE)` gives it; a host shows it (cgw-serve
 * --routes, --openapi). Applications on the SDK have it; others may. See cgw_describe(3).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_DESCRIBE_H
#define CGW_DESCRIBE_H
#include <cgw/abi.h>

#define CGW_EXT_DESCRIBE "cgw.describe/1"

/* One route, or a mount. Text is NUL-terminated and lives until fn returns; none is NULL, "" where
   there is none. */
struct cgw_described_route {
    uint32_t size;
    uint32_t line;
    const char *method;  /* "GET"; several: "GET, POST"; "*": all, of a mount */
    const char *path;    /* "/items/{id:int}"; of a mount "/static/..." */
    const char *mode;    /* "async", "sync", or "mount" */
    const char *handler; /* its function's name; of a mount, its name */
    const char *file;    /* where it stands; "": it is the library's */
};

/*
 * Both may be called in a process that serves nothing, before any call of call(): they start no
 * lifespan and open nothing. CGW_OK; or a negative code, where the application would not start
 * either, and what is wrong, with its place in the source, was handed to fail (never NULL) once.
 * All callbacks run before the function returns, on the same thread. [any thread, one at a time]
 */
struct cgw_describe {
    uint32_t size;
    uint32_t zero;
    /* Routes in the order of the source, then mounts. */
    int32_t (*routes)(void (*fn)(void *arg, const struct cgw_described_route *route),
                      void (*fail)(void *arg, const char *error), void *arg);
    /* The OpenAPI document, JSON in UTF-8, in one piece. */
    int32_t (*openapi)(void (*fn)(void *arg, const char *ptr, size_t len),
                       void (*fail)(void *arg, const char *error), void *arg);
};

#endif
