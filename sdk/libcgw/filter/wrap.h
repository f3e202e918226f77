/*
 * The driver of filters for any application of <cgw/abi.h>: a table of its own in the call, whose
 * send() hands on what the filter makes of events. See <cgw/wrap.h> for the rules that such tables
 * keep.
 */
#ifndef FILTER_WRAP_H
#define FILTER_WRAP_H
#include "filter/filter.h"

/* A filter around an application, or around another one. */
struct wrap {
    const struct cgw__filter *filter;
    const void *options;
    void *worker;                /* of filter->worker_bytes() bytes, zeroed at first, or NULL */
    const struct cgw_app *inner; /* whose kind is that of the call */
    const struct wrap *next;     /* between the filter and inner, or NULL */
    bool has_loop_clock; /* time is the loop's, as for others that have that worker; else the
                            system's */
};
/* Begin the call, as inner's host. wrap lives until the call is over. [call-thread] */
void wrap_call(const struct wrap *wrap, struct cgw_call *call);
#endif
