/*
 * The driver of filters for any application of <cgw/abi.h>: a table of its own in the call, with
 * receive(), send() and finish(), that hands on what the filter makes of it. See <cgw/wrap.h> for
 * the rules that such tables keep.
 */
#ifndef FILTER_WRAP_H
#define FILTER_WRAP_H
#include "filter/filter.h"
#include <cgw/wrap.h>

/* A filter around an application. */
struct wrap {
    const struct cgw__filter *filter;
    const void *options;
    void *worker;                /* of filter->worker_bytes() bytes, zeroed at first, or NULL */
    const struct cgw_app *inner; /* whose kind is that of the call */
    const struct wrap *next;     /* between the filter and inner, or NULL */
};
/* Begin the call as inner's host. wrap lives until the call is over. [call-thread] */
void wrap_call(const struct wrap *wrap, struct cgw_call *call);
#endif
