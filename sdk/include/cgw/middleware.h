/*
 * Middleware that comes with the SDK, for .middleware of an application, a router or a route:
 *
 *     CGW_CORS(cors, .origins = CGW_LIST("https://shop.example"), .credentials = true);
 *     CGW_GZIP(zip);
 *     CGW_APPLICATION(.name = "shop", .middleware = CGW_THROUGH(cors, zip));
 *
 * Each macro declares one; its name is local to the file. Around an application it also holds for
 * requests that no route takes, for replies of errors, and for mounted applications. None suspends
 * on its own account but where the client is slow, and gzip between the pieces of a long body.
 *
 * The structs of options are also what <cgw/wrap.h> takes, for any application.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_MIDDLEWARE_H
#define CGW_MIDDLEWARE_H
#include <cgw/route.h>

/* ---- what the macros need ---- */

struct cgw__filter;
extern const struct cgw__filter cgw__cors, cgw__gzip, cgw__trusted_hosts, cgw__https_redirect,
    cgw__request_id, cgw__timing, cgw__rate_limit;
struct cgw__filter_use {
    const struct cgw__filter *filter;
    const void *options;
};
cgw_reply cgw__through(cgw_request *req, const struct cgw__filter_use *use) CGW_MUST_USE;
#define CGW__FILTER(name_, filter_, type, ...)                                        \
    static const struct type name_##_options = {__VA_ARGS__};                         \
    static const struct cgw__filter_use name_##_use = {&(filter_), &name_##_options}; \
    static cgw_reply name_(cgw_request *req)                                          \
    {                                                                                 \
        return cgw__through(req, &name_##_use);                                       \
    }                                                                                 \
    static const struct cgw_middleware name_##_middleware = {                         \
        .name = #name_, .fn = name_, .use = &name_##_use}
#define CGW__FILTER_OF(options) \
    (_Generic((options),                                         \
         struct cgw_cors *: &cgw__cors,                          \
         const struct cgw_cors *: &cgw__cors,                    \
         struct cgw_gzip *: &cgw__gzip,                          \
         const struct cgw_gzip *: &cgw__gzip,                    \
         struct cgw_trusted_hosts *: &cgw__trusted_hosts,        \
         const struct cgw_trusted_hosts *: &cgw__trusted_hosts,  \
         struct cgw_https_redirect *: &cgw__https_redirect,      \
         const struct cgw_https_redirect *: &cgw__https_redirect, \
         struct cgw_request_id *: &cgw__request_id,              \
         const struct cgw_request_id *: &cgw__request_id,        \
         struct cgw_timing *: &cgw__timing,                      \
         const struct cgw_timing *: &cgw__timing,                \
         struct cgw_rate_limit *: &cgw__rate_limit,              \
         const struct cgw_rate_limit *: &cgw__rate_limit))

/* A list of strings: .methods = CGW_LIST("GET", "POST"). */
#define CGW_LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- CORS (Fetch, 3.2): which pages of other origins may read the replies ---- */

struct cgw_cors {
    /* "https://shop.example"; "*": all; a '*' in one stands for letters, digits, '-' and '.', one
       at least: "https://" "*.shop.example". NULL: none. */
    const char *const *origins;
    const char *const *methods; /* "*": all; NULL: GET */
    const char *const *headers; /* of requests, besides those that need no leave; "*": all */
    const char *const *expose;  /* of replies, that scripts may read */
    bool credentials;           /* cookies and Authorization may be sent along */
    bool private_network;       /* from a page of a public network to a private address */
    int max_age;                /* of an answer to a preflight, seconds; 0: 600; < 0: not kept */
};
/* A preflight is answered here: 200, or 400 with what was not allowed. */
#define CGW_CORS(name, ...) CGW__FILTER(name, cgw__cors, cgw_cors, __VA_ARGS__)

/* ---- gzip (RFC 9110, 12.5.3) ---- */

struct cgw_gzip {
    size_t minimum; /* bytes of a whole body; 0: 500 */
    int level;      /* 1 fast to 9 small; 0: 6 */
};
/* Not: what is encoded already, text/event-stream, files that the host sends, parts (206),
   "cache-control: no-transform". Each piece of a stream goes out at once. */
#define CGW_GZIP(name, ...) CGW__FILTER(name, cgw__gzip, cgw_gzip, __VA_ARGS__)

/* ---- who may ask ---- */

struct cgw_trusted_hosts {
    const char *const *hosts;
};
/* CGW_TRUSTED_HOSTS(hosts, "example.org", "*.example.org"): another Host is a 400. Ports do not
   count; "*." stands for one label or more. */
#define CGW_TRUSTED_HOSTS(name, ...) \
    CGW__FILTER(name, cgw__trusted_hosts, cgw_trusted_hosts, .hosts = CGW_LIST(__VA_ARGS__))

struct cgw_https_redirect {
    uint16_t port;  /* of the HTTPS server; 0: 443 where the Host has none or 80, else the Host's */
    bool permanent; /* 308 in place of 307 */
};
/* To https:// the same host, path and query where the scheme is http. */
#define CGW_HTTPS_REDIRECT(name, ...) \
    CGW__FILTER(name, cgw__https_redirect, cgw_https_redirect, __VA_ARGS__)

struct cgw_rate_limit {
    uint32_t requests; /* so many; 0: 100 */
    uint32_t seconds;  /* in so many; 0: 60 */
    uint32_t burst;    /* so many at once, after a pause; 0: as many as requests */
    uint32_t clients;  /* that a worker remembers; 0: 8192; the most idle are forgotten */
};
/* By client address (IPv6: by its /64), in each worker: else 429 with Retry-After; RateLimit-Limit,
   RateLimit-Remaining and RateLimit-Reset on all replies. */
#define CGW_RATE_LIMIT(name, ...) CGW__FILTER(name, cgw__rate_limit, cgw_rate_limit, __VA_ARGS__)

/* ---- what one sees of a request ---- */

struct cgw_request_id {
    const char *header; /* in lower case; NULL: "x-request-id" */
    bool ignore;        /* what the client says of it */
};
/* One that comes along, of 1 to 128 letters, digits and -._~+/=:@, is taken, else one is made: in
   the reply's field, in the request's, in cgw_get(req, "request_id"), in front of what the request
   writes by cgw_log(). */
#define CGW_REQUEST_ID(name, ...) CGW__FILTER(name, cgw__request_id, cgw_request_id, __VA_ARGS__)

struct cgw_timing {
    const char *header; /* gets seconds, as "x-process-time: 0.000213"; NULL: server-timing */
    const char *metric; /* of server-timing: "app;dur=0.213", in ms; NULL: "app" */
};
/* From here to the head of the reply. */
#define CGW_TIMING(name, ...) CGW__FILTER(name, cgw__timing, cgw_timing, __VA_ARGS__)

#endif
