/*
 * The event stream /.cgw/reload: tells a page what is live, at once and whenever that changes. It
 * ends as soon as the worker begins to drain, so that it never holds up a reload; the browser then
 * asks again, and the worker of the next generation tells it another id.
 */
#ifndef PROC_DEV_RELOAD_STREAM_H
#define PROC_DEV_RELOAD_STREAM_H
#include <cgw/abi.h>

extern const struct cgw_app reload_stream_app; /* needs live_init() */
#endif
