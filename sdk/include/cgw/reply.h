/*
 * Replies: what a handler returns. A reply is kept in the request and sent when the handler, and
 * the middleware around it, have returned it; streams are sent as they are written.
 *
 * Functions that make one never fail to: out of memory is a 500.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_REPLY_H
#define CGW_REPLY_H
#include <cgw/request.h>

/* ---- whole replies; none suspends ---- */

cgw_reply cgw_text(cgw_request *req, int status, const char *format, ...) CGW_MUST_USE
    CGW_PRINTF(3, 4);
cgw_reply cgw_html(cgw_request *req, int status, const char *format, ...) CGW_MUST_USE
    CGW_PRINTF(3, 4);
/* text for between tags, and for between quotes of an attribute, of HTML; NULL: "". The request's
   memory; NULL: out of it. [any] */
const char *cgw_html_escape(cgw_request *req, const char *text);
/* Any bytes, copied. content_type NULL: none. */
cgw_reply cgw_bytes(cgw_request *req, int status, const char *content_type,
                    cgw_str body) CGW_MUST_USE;
/* The same, not copied: both live until the request is over, as literals, static data and what
   cgw_alloc() and cgw_fmt() gave. */
cgw_reply cgw_bytes_lent(cgw_request *req, int status, const char *content_type,
                         cgw_str body) CGW_MUST_USE;
cgw_reply cgw_empty(cgw_request *req, int status) CGW_MUST_USE;
/* 307 unless status says 301, 302, 303 or 308. The location is escaped where it must be; NULL: 500.
 */
cgw_reply cgw_redirect(cgw_request *req, int status, const char *location) CGW_MUST_USE;
/* What is prepared, or was streamed: for handlers whose dependency, or own cgw_send(), has
 * answered. */
cgw_reply cgw_done(cgw_request *req) CGW_MUST_USE;

/* An object of a model as JSON; a list of n. The text is made at once and as a whole: what is read
   is the caller's again on return; for lists beyond some MiB there is cgw_rows(). NULL is a 500.
   Status 0, here as everywhere: the route's .status, else 200. */
cgw_reply cgw__json(cgw_request *req, int status, const cgw_model *model,
                    const void *object) CGW_MUST_USE;
cgw_reply cgw__json_list(cgw_request *req, int status, const cgw_model *model, const void *items,
                         size_t n) CGW_MUST_USE;
#define cgw_json(req, status, T, p) cgw__json((req), (status), T##_model(), CGW__IS_A(T, p))
#define cgw_json_list(req, status, T, items, n) \
    cgw__json_list((req), (status), T##_model(), CGW__IS_A(T, items), (n))
/* JSON text as it is, copied; ptr NULL, as cgw_encode() has it without memory: 500. */
cgw_reply cgw_json_text(cgw_request *req, int status, cgw_str json) CGW_MUST_USE;

/* ---- what goes with a reply, before or behind making it, before the first byte ---- */

/* Add a field; set: in place of those of the name. Names and values with CR, LF or NUL are refused:
   a line in the log, and CGW_EINVAL. Copied. */
int cgw_add_header(cgw_request *req, const char *name, const char *value);
int cgw_set_header(cgw_request *req, const char *name, const char *value);
struct cgw_cookie_options {
    const char *path, *domain, *same_site; /* NULL: "/", none, "lax" ("none", "strict") */
    int64_t max_age;                       /* seconds; 0: till the browser ends; < 0: forget it */
    bool secure, is_readable;              /* is_readable: by scripts, without HttpOnly */
};
int cgw__set_cookie(cgw_request *req, const char *name, const char *value,
                    struct cgw_cookie_options options);
#define cgw_set_cookie(req, name, value, ...) \
    cgw__set_cookie((req), (name), (value), (struct cgw_cookie_options){__VA_ARGS__})

/* For middleware: the reply that is prepared. */
int cgw_reply_status(const cgw_request *req);                     /* 0: none */
const char *cgw_reply_header(cgw_request *req, const char *name); /* or NULL */
bool cgw_reply_has_begun(const cgw_request *req);                 /* the head has been sent */

/* ---- errors ---- */

/* {"detail": "TEXT"}; an error handler for the status may make something else of it. */
cgw_reply cgw_fail(cgw_request *req, int status, const char *format, ...) CGW_MUST_USE
    CGW_PRINTF(3, 4);
/* The reply for a code of enum cgw_status, cgw_sdk_status or minus an errno: CGW_ETIMEDOUT 504,
   CGW_EBUSY 503 with Retry-After, CGW_ENOENT 404, CGW_ETOOBIG 413, CGW_EINVALID 422, CGW_EDENIED
   401, a prepared one for CGW_EFAILED, else 500 with a line in the log; a client that has left gets
   none. */
cgw_reply cgw__error(cgw_request *req, int code, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_error(req, code) cgw__error((req), (code), CGW_HERE)
/* Return the reply for what is negative. */
#define CGW_TRY(req, expression)                \
    do {                                        \
        int cgw__code = (expression);           \
        if (cgw__code < 0)                      \
            return cgw_error((req), cgw__code); \
    } while (0)
/* The same of what is looked for; 0 means that it is not there: a 404 with the text. */
#define CGW_FOUND(req, expression, ...)             \
    do {                                            \
        int cgw__code = (expression);               \
        if (cgw__code < 0)                          \
            return cgw_error((req), cgw__code);     \
        if (cgw__code == 0)                         \
            return cgw_fail(req, 404, __VA_ARGS__); \
    } while (0)

/* ---- streams; all of these suspend while the client is slow ---- */

/*
 * Begin a reply whose body comes piece by piece. CGW_OK, or CGW_ECLOSED, CGW_ECANCELED...: unwind;
 * CGW_EINVAL: a response has begun already, or the type has control characters.
 * content_type NULL: application/octet-stream. To HEAD it is complete with that, and what is
 * written then answers CGW_ECLOSED. The head goes out with the first piece.
 */
int cgw__stream(cgw_request *req, int status, const char *content_type,
                const struct cgw_site *site) CGW_MUST_USE;
#define cgw_stream(req, status, content_type) cgw__stream((req), (status), (content_type), CGW_HERE)
int cgw__write(cgw_request *req, const void *ptr, size_t len,
               const struct cgw_site *site) CGW_MUST_USE;
#define cgw_write(req, ptr, len) cgw__write((req), (ptr), (len), CGW_HERE)
int cgw__print(cgw_request *req, const struct cgw_site *site, const char *format, ...) CGW_MUST_USE
    CGW_PRINTF(3, 4);
#define cgw_print(req, ...) cgw__print((req), CGW_HERE, __VA_ARGS__)
/* The end of any stream; one that is not ended before the handler returns is broken off, so that
   the client sees that it is not whole. */
cgw_reply cgw__stream_end(cgw_request *req, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_stream_end(req) cgw__stream_end((req), CGW_HERE)

/* A JSON list, row by row, in flat memory: cgw_rows(), cgw_row()..., cgw_stream_end(). Rows are
   collected to pieces of 16 KiB. */
int cgw__rows(cgw_request *req, int status, const cgw_model *model,
              const struct cgw_site *site) CGW_MUST_USE;
int cgw__row(cgw_request *req, const cgw_model *model, const void *object,
             const struct cgw_site *site) CGW_MUST_USE;
#define cgw_rows(req, status, T) cgw__rows((req), (status), T##_model(), CGW_HERE)
#define cgw_row(req, T, p)       cgw__row((req), T##_model(), CGW__IS_A(T, p), CGW_HERE)

/* Server-sent events (HTML, 9.2): a comment ": ping" every ping seconds keeps an idle one alive.
   The head goes out at once, each event at once; a client that leaves cancels the handler with
   CGW_ECLOSED wherever it waits. */
struct cgw_events_options {
    double ping; /* seconds; 0: 15; < 0: none */
};
int cgw__events(cgw_request *req, struct cgw_events_options options,
                const struct cgw_site *site) CGW_MUST_USE;
#define cgw_events(req, ...) cgw__events((req), (struct cgw_events_options){__VA_ARGS__}, CGW_HERE)
struct cgw_sse {
    const char *data;       /* any lines; NULL: none */
    const char *event, *id; /* one line each; CGW_EINVAL otherwise */
    const char *comment;
    int64_t retry_ms; /* 0: none */
};
int cgw__event(cgw_request *req, struct cgw_sse event, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_event(req, ...) cgw__event((req), (struct cgw_sse){__VA_ARGS__}, CGW_HERE)

/* ---- behind the reply ---- */

/*
 * Run fn(arg) behind the last byte, also where the client has left; several in order, one that
 * answers an error ends the row. The connection goes on with its next request meanwhile. arg is
 * often cgw_fmt(req, ...) or cgw_dup(req, ...): the request's memory lives that long. A worker that
 * drains waits for it, as long as .background_timeout of the application says. From a sync handler
 * it runs on a pool thread.
 */
void cgw__after(cgw_request *req, struct cgw__task_fn fn, void *arg);
#define cgw_after(req, fn, arg) cgw__after((req), CGW__TASK(fn), (arg))

#endif
