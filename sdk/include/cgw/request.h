/*
 * The request: what a handler reads. All text is the request's and lives until the last byte is
 * sent and the last background task has ended; copy what is to live longer.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_REQUEST_H
#define CGW_REQUEST_H
#include <cgw/model.h>
#include <cgw/task.h>

/* ---- the head; all of [task], none suspends ---- */

const char *cgw_method(const cgw_request *req);       /* "GET" */
const char *cgw_url_path(const cgw_request *req);     /* decoded, root path in front */
const char *cgw_root_path(const cgw_request *req);    /* where it is mounted, or "" */
const char *cgw_query_string(const cgw_request *req); /* as sent, without '?' */
const char *cgw_scheme(const cgw_request *req);       /* "http" */
const char *cgw_host(const cgw_request *req);     /* "example.org:8000": the host field, or "" */
const char *cgw_client(const cgw_request *req);   /* address, or "" */
uint16_t cgw_client_port(const cgw_request *req); /* or 0 */
const char *cgw_route_path(
    const cgw_request *req); /* "/items/{id:int}", or "" where none matched */
const struct cgw_scope *cgw_scope(const cgw_request *req);

/* Who reads which parameter, for the check at load that each is read: see cgw_route(3). */
struct cgw__read {
    const char *name; /* NULL: no constant */
    const char *function, *file;
};
#define CGW__READ(name_)                                                                        \
    static const struct cgw__read cgw__read = {                                                 \
        __builtin_choose_expr(__builtin_constant_p(name_), (name_), NULL), __func__, __FILE__}; \
    CGW__SECTION("cgw_reads") static const struct cgw__read *const cgw__read_entry = &cgw__read
#define CGW__READ_BY(fn, req, name) \
    __extension__({                 \
        CGW__READ(name);            \
        fn((req), (name));          \
    })
/* A segment that {NAME} or {NAME:converter} matched, decoded; "" where the route has none. */
const char *cgw__path(cgw_request *req, const char *name);
#define cgw_path(req, name) CGW__READ_BY(cgw__path, req, name)
/* Of {NAME:int}, {NAME:float}, {NAME:uuid}; 0 where the route has none. */
int64_t cgw__path_i64(cgw_request *req, const char *name);
double cgw__path_f64(cgw_request *req, const char *name);
cgw_uuid cgw__path_uuid(cgw_request *req, const char *name);
#define cgw_path_i64(req, name)  CGW__READ_BY(cgw__path_i64, req, name)
#define cgw_path_f64(req, name)  CGW__READ_BY(cgw__path_f64, req, name)
#define cgw_path_uuid(req, name) CGW__READ_BY(cgw__path_uuid, req, name)

/* The first value of that name in the query, decoded, or NULL. '+' is a blank; what is no UTF-8,
   and a NUL, is U+FFFD. */
const char *cgw_query(cgw_request *req, const char *name);
/* All of them, in order. */
cgw_strs cgw_query_all(cgw_request *req, const char *name);
/* The first header field of that name, in any case, or NULL; all of them. */
const char *cgw_header(cgw_request *req, const char *name);
cgw_strs cgw_header_all(cgw_request *req, const char *name);
/* A cookie, or NULL. Lenient as browsers are: several fields, quoted values, junk skipped. */
const char *cgw_cookie(cgw_request *req, const char *name);

/* What .params, .path_params, .headers, .cookies and .body of the route bound and validated.
   cgw_params() has those of the query, or, where the model is not theirs, of the path. A model
   that the route does not name there ends the process in a debug run; it is a line in the log and a
   zeroed one otherwise. [task], none suspends */
enum cgw__place { CGW__QUERY, CGW__PATH, CGW__HEADERS, CGW__COOKIES, CGW__BODY, CGW__FORM };
const void *cgw__bound(cgw_request *req, const cgw_model *model, enum cgw__place place);
#define cgw_params(req, T)      ((const T *)cgw__bound((req), T##_model(), CGW__QUERY))
#define cgw_path_params(req, T) ((const T *)cgw__bound((req), T##_model(), CGW__PATH))
#define cgw_headers(req, T)     ((const T *)cgw__bound((req), T##_model(), CGW__HEADERS))
#define cgw_cookies(req, T)     ((const T *)cgw__bound((req), T##_model(), CGW__COOKIES))
#define cgw_body(req, T)        ((const T *)cgw__bound((req), T##_model(), CGW__BODY))

/* ---- the body ---- */

/*
 * The whole body, NUL-terminated; a second call answers the same. CGW_OK; CGW_ETOOBIG: more than
 * the route takes; CGW_ECLOSED: the client left before its end; CGW_EINVAL: it was streamed;
 * CGW_ENOMEM; why it was canceled. Suspends.
 */
int cgw__body_text(cgw_request *req, cgw_str *ret_body, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_body_text(req, ret_body) cgw__body_text((req), (ret_body), CGW_HERE)
/*
 * The next piece; it lives until the next call. Length 0: the body is over. Errors as above; none
 * behind the end. The route wants .stream = true where a body model or limit would read it first.
 * Suspends.
 */
int cgw__body_next(cgw_request *req, cgw_str *ret_piece, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_body_next(req, ret_piece) cgw__body_next((req), (ret_piece), CGW_HERE)

/* Has the client gone? Does not consume anything, whatever middleware is there. Never suspends. */
bool cgw_is_disconnected(cgw_request *req);
/* Has the worker begun to drain? */
bool cgw_is_draining(cgw_request *req);

/* ---- below the comfort: the interface's own events, through all middleware ---- */

/* As receive() and send() of <cgw/abi.h>, but they suspend instead of CGW_PENDING. A response that
   was begun so is ended so: the handler returns cgw_done(req). */
int cgw__receive(cgw_request *req, struct cgw_event *event,
                 const struct cgw_site *site) CGW_MUST_USE;
#define cgw_receive(req, event) cgw__receive((req), (event), CGW_HERE)
int cgw__send(cgw_request *req, const struct cgw_event *events, size_t n,
              const struct cgw_site *site) CGW_MUST_USE;
#define cgw_send(req, events, n) cgw__send((req), (events), (n), CGW_HERE)
struct cgw_call *cgw_request_call(cgw_request *req); /* NULL behind the last byte */

/* ---- memory that lives as long as the request ---- */

void *cgw_alloc(cgw_request *req, size_t bytes); /* zeroed; NULL: out of memory */
char *cgw_fmt(cgw_request *req, const char *format, ...) CGW_PRINTF(2, 3); /* NULL: out of memory */
void *cgw_dup(cgw_request *req, const void *ptr, size_t len);              /* with a NUL behind */
/* Run fn(arg) when the request is over: behind the last byte and all background tasks, newest
   first. Without memory fn runs at once. */
void cgw_defer(cgw_request *req, void (*fn)(void *arg), void *arg);

/* ---- state ---- */

/* The application's, as CGW_LIFESPAN(T, ...) declared it; one per worker. NULL, and a line in the
   log: there is none, or of another size than T. */
void *cgw__state(const cgw_request *req, size_t size);
#define cgw_state(req, T) ((T *)cgw__state((req), sizeof(T)))
/* The request's own: for middleware and dependencies to leave things for handlers, eight at most.
   NULL: none. */
void cgw_set(cgw_request *req, const char *name, void *value); /* name: a literal */
void *cgw_get(const cgw_request *req, const char *name);

/* One line for the log, tagged with the call; behind the last byte, and for req NULL, with the
   worker's lifespan. [task] */
void cgw_log(cgw_request *req, const char *format, ...) CGW_PRINTF(2, 3);
void cgw_log_level(cgw_request *req, int level, const char *format, ...) CGW_PRINTF(3, 4);
#endif
