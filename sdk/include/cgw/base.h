/*
 * What all of <cgw.h> stands on: names of types, what functions answer, and where a call stands in
 * the source. GNU C11 or later; not C++.
 *
 * Marks: [task] only from a handler or another task, be it a fiber or a pool thread; where it says
 * "suspends", other tasks run meanwhile, and a handler on a pool thread blocks instead.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_BASE_H
#define CGW_BASE_H
#include <cgw/abi.h>
#ifdef __cplusplus
#error "<cgw.h> is for C; in C++ <cgw/abi.h> is there"
#endif
#include <stdarg.h>
#include <stdbool.h>

typedef struct cgw_str cgw_str; /* bytes with a length; see <cgw/abi.h> */
typedef struct cgw_request cgw_request;
typedef struct cgw_boot cgw_boot;
typedef struct cgw_model cgw_model;

/*
 * What a handler returns: a value that the functions of <cgw/reply.h> make. The reply itself lies
 * in the request; the last one made wins. Dropping one is a compiler warning.
 */
typedef struct cgw_reply {
    int status; /* as it will be sent, 0: none yet */
} cgw_reply;

/* What functions of the SDK answer, besides enum cgw_status. */
enum cgw_sdk_status {
    CGW_ETIMEDOUT = -32, /* a timeout around this call is over */
    CGW_ENOENT = -33,    /* what was asked for is not there */
    CGW_ETOOBIG = -34,   /* a limit in bytes was exceeded */
    CGW_EINVALID = -35,  /* data from outside did not pass its model */
    CGW_ESHUT = -36,     /* a queue was closed */
    CGW_EFAILED = -37,   /* a task, a dependency or a handler gave up; a reply may be prepared */
    CGW_ECONFLICT = -38, /* what a constraint of the data forbids: a key that is there already */
    CGW_EDENIED = -39,   /* a password or a signature is wrong, or what was signed has expired */
    CGW_ECRASHED = -40   /* a helper process ended before it had answered */
};

/* English for a code of enum cgw_status, enum cgw_sdk_status, or minus an errno. Static. [any] */
const char *cgw_strerror(int status);

#define CGW_MUST_USE            __attribute__((warn_unused_result))
#define CGW_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* What the library finds in the application lies in sections of it. Pointers, not structs:
   compilers pad structs in a section as they like. Kept by linkers that drop what nobody names, as
   lld does with --gc-sections. */
#if __has_attribute(retain)
#define CGW__SECTION(name) __attribute__((used, retain, section(name)))
#else
#define CGW__SECTION(name) __attribute__((used, section(name)))
#endif

/* Run fn(&variable) when the variable goes out of scope, however that comes about. */
#define CGW_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Where in the source something stands; what is suspended is listed by it (cgw-serve --debug). */
struct cgw_site {
    const char *file, *function;
    int line;
};
#define CGW_HERE (&(const struct cgw_site){__FILE__, __func__, __LINE__})

#endif
