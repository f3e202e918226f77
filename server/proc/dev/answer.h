/* One whole response of a built-in application: head and body in one send, then the end. */
#ifndef PROC_DEV_ANSWER_H
#define PROC_DEV_ANSWER_H
#include <cgw/abi.h>

#define ANSWER_STR(s) ((struct cgw_str){(s).ptr, (s).len})

/*
 * Answer the call and finish it. The fields (at most 8) are copied; what they and body point to
 * lives until finish(), being static or from host->alloc(). content-length and a cache-control that
 * forbids keeping it are added. Loop thread; the call is gone afterwards, or soon.
 */
void answer_send(struct cgw_call *call, uint16_t status, const struct cgw_header *fields, size_t n,
                 struct cgw_str body);
/* The method is GET or HEAD. Else it has been answered 405, and the call is gone. */
int answer_is_get(struct cgw_call *call);
#endif
