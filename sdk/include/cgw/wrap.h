/*
 * Modules that stand around an application: cgw-serve --wrap gzip.so app.so. Such a module exports
 * cgw_app as every module does; its extension("cgw.wrap/1") is the table below, and makes of the
 * application that is served another one, which is served in its place. So a middleware is an
 * application to its host and a host to its application; nothing here needs a library.
 *
 * What around() makes does the following for each call, or hands call->host on as it is:
 *  - It keeps what stands in *call, puts a table of its own into call->host, a scope of its own
 *    into call->scope where it wants one, NULL into call->user, and calls inner->call(call).
 *  - Its functions find its own things by call->host. So whoever calls a function of a table that
 *    is marked [call-thread] has that very table in call->host: before it hands on to the table
 *    that it found there it puts that back, and its own again behind that. Functions that are
 * marked [any-thread] (post, log, extension) do not look at call->host; copies of those pointers
 * do.
 *  - What is lent to its send() is lent until it says that it is done; what it sends itself it
 *    keeps until it is told so. It answers CGW_PENDING as its host does, and calls done() from
 *    where its host calls it back, never from inside the send().
 *  - finish() puts back all that stood in *call, then hands on.
 * Tables of extension() take the call as it is and work on. kind, stack_size and extension of the
 * outer application are the inner's, and so are its flags.
 *
 * The module's own call is never called, but by who serves it by itself: it may finish with
 * CGW_EINVAL. Options come from the environment, as CGW_GZIP_MINIMUM: the module's name, the
 * option's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_WRAP_H
#define CGW_WRAP_H
#include <cgw/abi.h>
#ifdef __cplusplus
extern "C" {
#endif

#define CGW_EXT_WRAP "cgw.wrap/1"

/* cgw.wrap/1: all in the worker's process, on its main thread, outside of any call. */
struct cgw_wrap {
    uint32_t size, reserved;
    /*
     * The application that is served in place of inner, which outlives it. Asked once for each
     * --wrap that names the module, before the lifespan begins; the last --wrap is the innermost.
     * The result is the module's and stays valid until release(). NULL: the worker does not start,
     * for *ret_error, static or valid until the next around(): English, without a line's end.
     */
    const struct cgw_app *(*around)(const struct cgw_app *inner, const char **ret_error);
    /* No call of outer is alive, and none will begin. By hosts that unload modules: workers of
       cgw-serve end with all of them loaded, and do not call it. */
    void (*release)(const struct cgw_app *outer);
};

/*
 * The middleware of <cgw/middleware.h> as such an application, for C modules that include it and
 * link libcgw.
 * options, of one of its structs, are the caller's and outlive the result. NULL: *ret_error says
 * why: eight at once are all that a module has, or out of memory. [as around()]
 *
 *     static const struct cgw_gzip options = {.minimum = 1000};
 *     return cgw_wrap_app(inner, &options, ret_error);
 */
struct cgw__filter;
const struct cgw_app *cgw__wrap_app(const struct cgw_app *inner, const struct cgw__filter *filter,
                                    const void *options, const char **ret_error);
#define cgw_wrap_app(inner, options, ret_error) \
    cgw__wrap_app((inner), CGW__FILTER_OF(options), (options), (ret_error))
/* Give back what cgw_wrap_app() gave; NULL is fine. [as release()] */
void cgw_wrap_free(const struct cgw_app *outer);

#ifdef __cplusplus
}
#endif
#endif
