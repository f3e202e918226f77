/*
 * What lives as long as a worker: the application's state, its settings; and dependencies, which
 * live as long as a request.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_LIFESPAN_H
#define CGW_LIFESPAN_H
#include <cgw/route.h>

/* ---- start and stop ---- */

struct cgw_lifespan {
    size_t size;
    int (*start)(cgw_boot *boot, void *state);
    void (*stop)(void *state);
};
/*
 *     typedef struct App { cgw_db *db; } App;
 *     CGW_LIFESPAN(App, start, stop);
 *     static int start(cgw_boot *boot, App *app) { ... return 0; }
 *     static void stop(App *app) { ... }
 *
 * At most once. start() runs in each worker before its first request, on a task: it may suspend.
 * The state is zeroed. Other than 0: the worker does not start; cgw_boot_fail() says why. stop()
 * runs when all requests and tasks have ended; not where start() failed.
 */
#define CGW_LIFESPAN(T, start_, stop_)                                           \
    static int start_(cgw_boot *boot, T *state);                                 \
    static void stop_(T *state);                                                 \
    static int cgw__start(cgw_boot *boot, void *state)                           \
    {                                                                            \
        return start_(boot, state);                                              \
    }                                                                            \
    static void cgw__stop(void *state)                                           \
    {                                                                            \
        stop_(state);                                                            \
    }                                                                            \
    extern const struct cgw_lifespan cgw_lifespan;                               \
    const struct cgw_lifespan cgw_lifespan = {sizeof(T), cgw__start, cgw__stop}; \
    CGW__SECTION("cgw_lifespans")                                                \
    static const struct cgw_lifespan *const cgw__lifespan = &cgw_lifespan

/* The text of a failed start, and -1 to return. */
int cgw_boot_fail(cgw_boot *boot, const char *format, ...) CGW_PRINTF(2, 3);
/* Memory that lives as long as the worker, zeroed; NULL: out of memory. */
void *cgw_boot_alloc(cgw_boot *boot, size_t bytes);

/*
 * Settings: a model filled from a file of NAME=value lines (path NULL: none; one that is not there
 * is no error unless required), then from the environment, whose names are prefix + FIELD in
 * capitals; the environment wins. Validated: a fault is reported by cgw_boot_fail() with every
 * error, and -1.
 */
struct cgw_settings_options {
    const char *path, *prefix;
    bool required;
};
int cgw__settings(cgw_boot *boot, const cgw_model *model, void *out,
                  struct cgw_settings_options options) CGW_MUST_USE;
#define cgw_settings(boot, T, out, ...) \
    cgw__settings((boot), T##_model(),  \
                  _Generic((out), T *   \
                           : (out)),    \
                  (struct cgw_settings_options){__VA_ARGS__})

/* ---- dependencies ---- */

typedef int cgw_dependency_fn(cgw_request *req, void *out);
struct cgw_dependency {
    cgw_dependency_fn *fn;
    size_t size;
    const char *name;
    void (*teardown)(cgw_request *req, void *value, int status);
    const struct cgw_dependency *const *depends; /* CGW_USES(...): run before it */
    const struct cgw_auth *auth; /* the scheme of <cgw/auth.h> that it asks for, for the schema */
    const char *file;
    int line;
};
const void *cgw__need(cgw_request *req, const struct cgw_dependency *dependency) CGW_MUST_USE;
/*
 *     CGW_DEPENDS(User, current_user, .teardown = logout)
 *     {
 *         ...          // req and User *out are there
 *         return 401;  // 0: given; else not, and the reply is that of the status, or of the code
 *     }
 *
 * makes `const User *User_need(cgw_request *req)`, which runs it, once per request, and answers
 * NULL where it gave nothing: return cgw_done(req) then. A reply that it made by cgw_fail() itself
 * is kept: return cgw_refuse(reply). In .depends of a route, router or application it is run before
 * the handler. teardown(req, value, status) runs behind the last byte, latest first, with the
 * status that was sent (0: none). One dependency per type and file; one of a header is the same in
 * all files that include it.
 */
#define CGW_DEPENDS(T, fn_, ...)                                                                  \
    static int fn_(cgw_request *req, T *out);                                                     \
    static int fn_##_erased(cgw_request *req, void *out)                                          \
    {                                                                                             \
        return fn_(req, out);                                                                     \
    }                                                                                             \
    static const struct cgw_dependency fn_##_dependency = {.fn = fn_##_erased,                    \
                                                           .size = sizeof(T),                     \
                                                           .name = #fn_,                          \
                                                           .file = __FILE__,                      \
                                                           .line = __LINE__,                      \
                                                           ##__VA_ARGS__};                        \
    CGW__SECTION("cgw_dependencies")                                                              \
    static const struct cgw_dependency *const fn_##_dependency_entry = &fn_##_dependency;         \
    static inline __attribute__((unused, warn_unused_result)) const T *T##_need(cgw_request *req) \
    {                                                                                             \
        return cgw__need(req, &fn_##_dependency);                                                 \
    }                                                                                             \
    static int fn_(__attribute__((unused)) cgw_request *req, __attribute__((unused)) T *out)
/* In a dependency: return cgw_refuse(cgw_fail(req, 403, "not yours")); */
int cgw_refuse(cgw_reply reply);

#endif
