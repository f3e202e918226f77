/*
 * Work for a processor, in processes beside the worker: the loop stays free, as many calls run at
 * once as there are processors, and what crashes there is an error value here.
 *
 *     static int primes(cgw_str in, cgw_output *out)
 *     {
 *         return cgw_output_printf(out, "%ld\n", count_primes(strtol(in.ptr, NULL, 10)));
 *     }
 *     ...
 *     CGW_TRY(req, cgw_process(req, primes, limit, &text, .timeout = 10));
 *
 * Such a function runs in a helper process. It has the application's code, and its variables as
 * they were when the worker began, before the lifespan's start(): no database, no state, no
 * request, no descriptor but the standard three; functions marked [task] answer CGW_EINVAL there. A
 * helper serves one call at a time, one after the other, and has one thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_PROCESS_H
#define CGW_PROCESS_H
#include <cgw/lifespan.h>

/* ---- in the helper ---- */

/* Where a function puts its answer. */
typedef struct cgw_output cgw_output;
/* in is NUL-terminated behind its length, and gone when fn returns. 0 or more: that is the answer,
   with what was put into out; a negative code: that alone. What it prints goes where the worker's
   output goes. */
typedef int cgw_process_fn(cgw_str in, cgw_output *out);
/* Put bytes behind what is there; they are copied. CGW_OK; CGW_ETOOBIG; CGW_ENOMEM: the call
   answers so too, whatever fn does. [helper] */
int cgw_output_add(cgw_output *out, const void *ptr, size_t len);
int cgw_output_printf(cgw_output *out, const char *format, ...) CGW_PRINTF(2, 3);

/* ---- in the worker ---- */

struct cgw_process_options {
    double timeout; /* seconds for all of it, the waiting for a helper too; 0: none of its own */
    uint64_t max_bytes; /* of what goes in, and of what comes out; 0: those of CGW_PROCESSES() */
};
/*
 * Run fn(in) in a helper and suspend until it has answered: 0 or more, what fn answered, and
 * *ret_out are its bytes, NUL-terminated, the request's memory (req NULL: the task's). in may lie
 * anywhere. A negative code of fn's; or, ret_out untouched:
 *
 *   CGW_ECRASHED    the helper ended before fn returned: by a signal, by exit(); the log says which
 *   CGW_ETIMEDOUT, CGW_ECANCELED and the like   the helper was killed, fn may have done half
 *   CGW_EBUSY       no helper was free for .acquire_timeout, or the system has no more processes
 *   CGW_ETOOBIG     in, or out, has more than .max_bytes
 *   CGW_ENOMEM
 *   CGW_EINVAL      no task runs here
 *
 * In a sync handler it blocks. Suspends. [task]
 */
int cgw__process(cgw_request *req, cgw_process_fn *fn, const char *name, cgw_str in,
                 cgw_str *ret_out, struct cgw_process_options options,
                 const struct cgw_site *site) CGW_MUST_USE;
#define cgw_process(req, fn, in, ret_out, ...)                                                 \
    cgw__process((req), (fn), #fn, (in), (ret_out), (struct cgw_process_options){__VA_ARGS__}, \
                 CGW_HERE)

/* ---- the same with models ---- */

/*
 *     CGW_PROCESS(count_primes, Range, Count)
 *     {
 *         ...          // const Range *in and Count *out, zeroed, are there
 *         return 0;    // 0 or more; or a negative code
 *     }
 *     ...
 *     code = cgw_process_model(req, count_primes, &range, &count, .timeout = 10);
 *
 * They go to and fro as JSON. What out points to must live until the next call of the helper:
 * static, or of in. Codes as above; CGW_ENOMEM also: in has no JSON.
 */
struct cgw__process_model {
    const char *name;
    const cgw_model *(*in)(void), *(*out)(void);
    int (*fn)(const void *in, void *out);
};
#define CGW_PROCESS(fn_, In, Out)                                                          \
    static int fn_(const In *in, Out *out);                                                \
    static int fn_##_erased(const void *in, void *out)                                     \
    {                                                                                      \
        return fn_(in, out);                                                               \
    }                                                                                      \
    static const struct cgw__process_model fn_##_process = {#fn_, In##_model, Out##_model, \
                                                            fn_##_erased};                 \
    static inline __attribute__((unused, warn_unused_result)) int fn_##_call(              \
        cgw_request *req, const In *in, Out *out, struct cgw_process_options options,      \
        const struct cgw_site *site)                                                       \
    {                                                                                      \
        return cgw__process_model(req, &fn_##_process, in, out, options, site);            \
    }                                                                                      \
    static int fn_(__attribute__((unused)) const In *in, __attribute__((unused)) Out *out)
int cgw__process_model(cgw_request *req, const struct cgw__process_model *what, const void *in,
                       void *out, struct cgw_process_options options,
                       const struct cgw_site *site) CGW_MUST_USE;
#define cgw_process_model(req, fn, in, out, ...) \
    fn##_call((req), (in), (out), (struct cgw_process_options){__VA_ARGS__}, CGW_HERE)

/* ---- all helpers of a worker ---- */

struct cgw_processes {
    uint32_t helpers;       /* at once, at most; 0: as many as processors; at most 64 */
    double idle;            /* seconds without work before one ends; 0: 60; none is kept for ever */
    double acquire_timeout; /* seconds to wait for one; 0: 30 */
    uint64_t max_bytes;     /* of a call's bytes, each way; 0: 16 MiB */
    uint64_t memory;        /* bytes that a helper may map beyond what it begins with; 0: any */
    size_t stack_size;      /* bytes; 0: 8 MiB */
    int nice;               /* 0 to 19: how far it stands behind the worker; see nice(2) */
};
/* At most once, where the defaults do not do: CGW_PROCESSES(.helpers = 2, .nice = 5); */
#define CGW_PROCESSES(...)                                    \
    extern const struct cgw_processes cgw_processes;          \
    const struct cgw_processes cgw_processes = {__VA_ARGS__}; \
    CGW__SECTION("cgw_staffs")                                \
    static const struct cgw_processes *const cgw__processes = &cgw_processes

#endif
