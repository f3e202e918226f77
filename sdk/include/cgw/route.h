/*
 * Routes, declared where their handlers are:
 *
 *     CGW_GET(hello, "/hello/{name}")
 *     {
 *         return cgw_text(req, 200, "Hello, %s!\n", cgw_path(req, "name"));
 *     }
 *
 * Matching is by specificity, never by order: a static segment before {x:int} and the like, those
 * before {x}, that before {x:path}. Two routes that match the same are refused at load.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_ROUTE_H
#define CGW_ROUTE_H
#include <cgw/reply.h>

struct cgw_router;
struct cgw_dependency;
struct cgw_middleware;
struct cgw_auth;
struct cgw__filter_use;
typedef cgw_reply cgw_handler_fn(cgw_request *req);
typedef const cgw_model *cgw_model_fn(void);

/* .mode: 0 as the router, then the application says; CGW_SYNC on a pool thread; and, in a router or
   an application of CGW_SYNC: */
enum { CGW_ON_LOOP = 2 }; /* a fiber on the loop after all */

/* Another reply of a route, for the schema: CGW_REPLIES({404, "no such item", NULL}, {...}). */
struct cgw_other_reply {
    int status;
    const char *doc;
    cgw_model_fn *model; /* NULL: {"detail": "..."} from 400 on, else none */
};
#define CGW_REPLIES(...) ((const struct cgw_other_reply[]){__VA_ARGS__, {0, NULL, NULL}})

/* What stands behind the path, as named arguments. */
struct cgw_endpoint {
    const char *method; /* "GET"; several: "GET,POST" */
    cgw_handler_fn *fn;
    const char *path;
    const struct cgw_router *router; /* whose prefix and settings it takes */
    const char *name;                /* for cgw_url_for(); NULL: the handler's */
    int mode;                        /* CGW_SYNC: on a pool thread; 0: as its router says */
    int status;                      /* of its typed reply; 0: 200 */
    double timeout;    /* seconds for the handler, then 504; 0: as its router says; < 0: none */
    uint64_t max_body; /* bytes; beyond 413; 0: as its router says (16 MiB) */
    cgw_model_fn *body, *params, *headers, *cookies, *path_params; /* bound before the handler */
    cgw_model_fn *form; /* the same: a form, urlencoded or multipart; in place of body */
    const struct cgw_form_limits *form_limits;
    /* What it answers, for the schema: a model, a list of one, or bytes of a type. */
    cgw_model_fn *reply, *reply_list;
    const char *reply_type;                /* "text/plain"; NULL: JSON where it has a model */
    const struct cgw_other_reply *replies; /* CGW_REPLIES(...) */
    /* The detail of a 409 where the handler answers CGW_ECONFLICT, which is what a constraint of a
       database says; NULL: that is a 500. */
    const char *conflict;
    const char *scopes; /* "items:read items:write": what cgw_auth_scopes() wants of a token */
    const struct cgw_dependency *const *depends;    /* CGW_USES(name...): run first, in order */
    const struct cgw_middleware *const *middleware; /* CGW_THROUGH(name...): outermost first */
    bool stream; /* the handler reads the body itself, piece by piece */
    bool cancel; /* a client that leaves cancels the handler */
    bool hidden; /* not in the schema */
    bool deprecated;
    const char *summary, *doc, *tag;
    const char *example;         /* of the body, JSON text, for the schema */
    const char *function, *file; /* set by the macro */
    int line;
    const struct cgw_app *app; /* set by the macro: it takes the library's application along */
};

extern CGW_EXPORT const struct cgw_app cgw_app;

/* CGW__EACH(MACRO, a, b...): MACRO(a) MACRO(b)..., up to eight. */
#define CGW__EACH1(M, a)                                  M(a)
#define CGW__EACH2(M, a, ...)                             M(a) CGW__EACH1(M, __VA_ARGS__)
#define CGW__EACH3(M, a, ...)                             M(a) CGW__EACH2(M, __VA_ARGS__)
#define CGW__EACH4(M, a, ...)                             M(a) CGW__EACH3(M, __VA_ARGS__)
#define CGW__EACH5(M, a, ...)                             M(a) CGW__EACH4(M, __VA_ARGS__)
#define CGW__EACH6(M, a, ...)                             M(a) CGW__EACH5(M, __VA_ARGS__)
#define CGW__EACH7(M, a, ...)                             M(a) CGW__EACH6(M, __VA_ARGS__)
#define CGW__EACH8(M, a, ...)                             M(a) CGW__EACH7(M, __VA_ARGS__)
#define CGW__PICK(_1, _2, _3, _4, _5, _6, _7, _8, n, ...) n
#define CGW__EACH(M, ...)                                                                          \
    CGW__PICK(__VA_ARGS__, CGW__EACH8, CGW__EACH7, CGW__EACH6, CGW__EACH5, CGW__EACH4, CGW__EACH3, \
              CGW__EACH2, CGW__EACH1, 0)                                                           \
    (M, __VA_ARGS__)
#define CGW__DEPENDENCY(name) &name##_dependency,
#define CGW__MIDDLEWARE(name) &name##_middleware,
#define CGW_USES(...) \
    ((const struct cgw_dependency *const[]){CGW__EACH(CGW__DEPENDENCY, __VA_ARGS__) NULL})
#define CGW_THROUGH(...) \
    ((const struct cgw_middleware *const[]){CGW__EACH(CGW__MIDDLEWARE, __VA_ARGS__) NULL})

#define CGW_ROUTE(methods, fn_, ...)                                         \
    static cgw_reply fn_(cgw_request *req);                                  \
    static const struct cgw_endpoint fn_##_endpoint = {.method = (methods),  \
                                                       .fn = fn_,            \
                                                       .function = #fn_,     \
                                                       .file = __FILE__,     \
                                                       .line = __LINE__,     \
                                                       .app = &cgw_app,      \
                                                       .path = __VA_ARGS__}; \
    CGW__SECTION("cgw_routes")                                               \
    static const struct cgw_endpoint *const fn_##_entry = &fn_##_endpoint;   \
    static cgw_reply fn_(__attribute__((unused)) cgw_request *req)
/* CGW_GET(function, "/path", .name = value...) { body }. HEAD comes with GET, where it has none. */
#define CGW_GET(fn, ...)     CGW_ROUTE("GET", fn, __VA_ARGS__)
#define CGW_POST(fn, ...)    CGW_ROUTE("POST", fn, __VA_ARGS__)
#define CGW_PUT(fn, ...)     CGW_ROUTE("PUT", fn, __VA_ARGS__)
#define CGW_PATCH(fn, ...)   CGW_ROUTE("PATCH", fn, __VA_ARGS__)
#define CGW_DELETE(fn, ...)  CGW_ROUTE("DELETE", fn, __VA_ARGS__)
#define CGW_HEAD(fn, ...)    CGW_ROUTE("HEAD", fn, __VA_ARGS__)
#define CGW_OPTIONS(fn, ...) CGW_ROUTE("OPTIONS", fn, __VA_ARGS__)

/* ---- routers: a prefix, and what their routes have in common; they nest ---- */

struct cgw_router {
    const char *name;
    const char *prefix; /* "/api"; may hold {name:converter} segments */
    const struct cgw_router *parent;
    /* A sub-application: its routes are named "router:route", root_path grows by the prefix, and
       what the application says of dependencies and middleware holds outside of it all the same. */
    bool is_application;
    int mode;
    double timeout;
    uint64_t max_body;
    const char *scopes; /* wanted beside those of its routes */
    const struct cgw_dependency *const *depends;
    const struct cgw_middleware *const *middleware;
    bool hidden;
    const char *tag;
};
/*
 * CGW_ROUTER(api, "/api", .depends = CGW_USES(current_user));
 * then CGW_GET(..., .router = &api_router); in another file:
 * extern const struct cgw_router api_router;
 */
#define CGW_ROUTER(name_, ...)                     \
    extern const struct cgw_router name_##_router; \
    const struct cgw_router name_##_router = {.name = #name_, .prefix = __VA_ARGS__}

/* CGW_MOUNT(files, "/static", &files_app): any application of <cgw/abi.h> that is linked in answers
   all below the prefix; it sees the prefix as part of root_path. Its lifespan is run with ours. */
struct cgw_mount {
    const char *name, *prefix;
    const struct cgw_app *app;
    const char *file;
    int line;
};
#define CGW_MOUNT(name_, prefix_, app_)                                                            \
    static const struct cgw_mount name_##_mount = {#name_, (prefix_), (app_), __FILE__, __LINE__}; \
    CGW__SECTION("cgw_mounts")                                                                     \
    static const struct cgw_mount *const name_##_mount_entry = &name_##_mount

/*
 * The path of a route by its name: cgw_url_for(req, "get_item", "id", "7"). Pairs of names and
 * values, which are escaped; names that are no path parameters become the query. root_path stands
 * in front. NULL, and a line in the log: no such route, or a parameter is missing or not what its
 * converter takes. The memory is the request's. [task]
 */
const char *cgw__url_for(cgw_request *req, const char *route, const char *const *pairs, size_t n);
#define cgw_url_for(req, ...)                                    \
    cgw__url_for((req), ((const char *const[]){__VA_ARGS__})[0], \
                 (const char *const[]){__VA_ARGS__} + 1,         \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *) - 1)

/* ---- converters: what {name:CONVERTER} takes ---- */

struct cgw_converter {
    const char *name;
    /* Does the segment, decoded, fit? Must not block. */
    bool (*matches)(cgw_str segment);
};
/* CGW_CONVERTER(year) { return segment.len == 4 && ...; } Built in: str int float uuid path. */
#define CGW_CONVERTER(name_)                                                               \
    static bool name_##_matches(cgw_str segment);                                          \
    static const struct cgw_converter name_##_converter = {#name_, name_##_matches};       \
    CGW__SECTION("cgw_converters")                                                         \
    static const struct cgw_converter *const name_##_converter_entry = &name_##_converter; \
    static bool name_##_matches(cgw_str segment)

/* ---- errors ---- */

/* The cause of a reply that a handler of errors is to make. */
struct cgw_cause {
    int status;          /* that will be sent */
    int code;            /* enum cgw_status, cgw_sdk_status or -errno; 0: cgw_fail() */
    const char *detail;  /* text of cgw_fail() and the like; "" */
    cgw_str detail_json; /* the array of a 422; len 0: none */
};
struct cgw_error_handler {
    int status, code; /* what it is for; the other is 0. status 0 and code 0: all */
    cgw_reply (*fn)(cgw_request *req, const struct cgw_cause *cause);
    const struct cgw_router *router; /* of its routes alone; NULL: of all, and where none matched */
};
/*
 *     CGW_ON_STATUS(404, not_found)
 *     {
 *         return cgw_text(req, 404, "nothing at %s\n", cgw_url_path(req));
 *     }
 *     CGW_ON_ERROR(CGW_ETIMEDOUT, slow) { ... }
 *
 * One for a code comes before one for a status; behind the name may stand .router = &api_router:
 * one of a route's own router comes before those of routers around it, and those before the
 * application's. It is not asked once the response has begun: the
 * connection is broken off then.
 */
#define CGW__ON(fn_, ...)                                                          \
    static cgw_reply fn_(cgw_request *req, const struct cgw_cause *cause);         \
    static const struct cgw_error_handler fn_##_error = {.fn = fn_, __VA_ARGS__};  \
    CGW__SECTION("cgw_errors")                                                     \
    static const struct cgw_error_handler *const fn_##_error_entry = &fn_##_error; \
    static cgw_reply fn_(__attribute__((unused)) cgw_request *req,                 \
                         __attribute__((unused)) const struct cgw_cause *cause)
#define CGW_ON_STATUS(status_, fn, ...) CGW__ON(fn, .status = (status_), ##__VA_ARGS__)
#define CGW_ON_ERROR(code_, fn, ...)    CGW__ON(fn, .code = (code_), ##__VA_ARGS__)

/* ---- middleware ---- */

struct cgw_middleware {
    const char *name;
    cgw_handler_fn *fn;
    const struct cgw__filter_use *use; /* of <cgw/middleware.h>; NULL: the user's own */
};
/*
 *     CGW_MIDDLEWARE(timing)
 *     {
 *         double begin = cgw_now();
 *         cgw_reply reply = cgw_next(req);
 *         ...
 *         return reply;
 *     }
 *
 * It runs around the handler, on its task, for the whole application, a router or a route.
 * What it changes of a whole reply holds; of a stream the head is gone already: wrap receive and
 * send for that.
 */
#define CGW_MIDDLEWARE(name_)                                                              \
    static cgw_reply name_(cgw_request *req);                                              \
    static const struct cgw_middleware name_##_middleware = {.name = #name_, .fn = name_}; \
    static cgw_reply name_(cgw_request *req)
/* What is inside: the next middleware, then the handler. Once. Suspends. [task] */
cgw_reply cgw_next(cgw_request *req) CGW_MUST_USE;

/*
 * A layer between the handler and the host: its functions see each event and hand it on by
 * cgw_receive_below() and cgw_send_below(). NULL functions hand on. It is the caller's memory until
 * the request is over. A disconnect is known to the request whatever a layer does with the event.
 */
struct cgw_layer {
    int (*receive)(cgw_request *req, struct cgw_layer *layer, struct cgw_event *event);
    int (*send)(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events,
                size_t n);
    void *arg;
    struct cgw_layer *below; /* the SDK's */
    bool wants_bytes; /* its send() needs them: a file of cgw_file() comes as pieces of bytes, not
                         as CGW_HTTP_RESPONSE_FILE */
};
void cgw_wrap(cgw_request *req, struct cgw_layer *layer); /* before the response begins. [task] */
int cgw_receive_below(cgw_request *req, struct cgw_layer *layer,
                      struct cgw_event *event) CGW_MUST_USE;
int cgw_send_below(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events,
                   size_t n) CGW_MUST_USE;

/* ---- the application as a whole ---- */

struct cgw_application {
    const char *name, *version, *doc;
    int mode;          /* CGW_SYNC: all routes run on pool threads, unless they say CGW_ON_LOOP */
    double timeout;    /* of a handler, seconds; 0: none */
    uint64_t max_body; /* bytes; 0: 16 MiB, or the host's own limit where that is less */
    size_t stack_size; /* of a fiber; 0: 64 KiB */
    double
        background_timeout; /* how long tasks behind replies may keep a worker that drains; 0: 30 */
    const struct cgw_dependency *const *depends;
    const struct cgw_middleware *const *middleware;
    bool thread_safe;  /* handlers may be moved to threads: cgw-serve --promote-blocking */
    bool problem_json; /* errors are RFC 9457 documents, application/problem+json */
    bool exact_slash;  /* no 307 to the path with, or without, a slash at its end */
    /* Where the schema and its page are; NULL: "/openapi.json" and "/docs"; "": nowhere. */
    const char *openapi, *docs;
};
/* At most once: CGW_APPLICATION(.name = "shop", .mode = CGW_SYNC); */
#define CGW_APPLICATION(...)                                      \
    extern const struct cgw_application cgw_application;          \
    const struct cgw_application cgw_application = {__VA_ARGS__}; \
    CGW__SECTION("cgw_applications")                              \
    static const struct cgw_application *const cgw__application = &cgw_application

#endif
