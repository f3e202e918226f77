/* A call: made, begun, entered by the application, finished. [tester's thread] */
#ifndef TESTER_CALL_H
#define TESTER_CALL_H
#include "tester.h"

/* A call that is not begun, on the list of those that are not finished. type: enum cgw_scope_type.
 */
struct tester_call *tester_call_new(cgw_test *test, unsigned type, const char *name);
/* Hand it to the application, on this thread or, CGW_SYNC, on one of the pool. */
void tester_call_begin(struct tester_call *call);
/* receive(), send() and finish() for both kinds of application; done is asked for where the answer
   is CGW_PENDING. */
int tester_call_receive(struct tester_call *call, struct cgw_event *event, cgw_done_fn *done,
                        void *arg);
int tester_call_send(struct tester_call *call, const struct cgw_event *events, size_t n,
                     cgw_done_fn *done, void *arg);
void tester_call_finish(struct tester_call *call, int status);
/* Something may have come that a receive() waits for. */
void tester_call_wake(struct tester_call *call);
/* The client leaves; the server wants the call to end. */
void tester_call_gone(struct tester_call *call);
void tester_call_cancel(struct tester_call *call);
void tester_call_drain(struct tester_call *call);
/* Ask for a notice: enum cgw_status as cgw_disconnect and cgw_shutdown say. */
int tester_call_notice(struct tester_flight *notice, bool has_happened, int status, cgw_done_fn *fn,
                       void *arg);
/* Pass memory on to the application: freed at finish(). NULL: none left. [call's thread] */
void *tester_call_alloc(struct tester_call *call, size_t bytes);
/* Note that the application learns of a failure; status. */
int tester_call_told(struct tester_call *call, int status);

/* The order of events, what of them is on the wire, and how that ends (tester_response.c). */
int tester_response_take(struct tester_call *call, const struct cgw_event *event);
void tester_response_conclude(struct tester_call *call, int status);
uint64_t tester_response_print(const struct cgw_event *events, size_t n);
const char *tester_response_state(enum tester_order order);

extern const struct cgw_host tester_host_async, tester_host_sync;
/* Begin a call of a CGW_SYNC application (tester_sync.c). */
void tester_sync_begin(struct tester_call *call);
const void *tester_extend_async(const struct cgw_host *host, const char *id);
const void *tester_extend_sync(const struct cgw_host *host, const char *id);
/* Disarm what the application has left. */
void tester_extend_disarm(struct tester_call *call);
/* One line for the log (tester_log.c). [any-thread] */
void tester_log(cgw_test *test, const struct tester_call *call, int level, const char *message,
                size_t len);
void tester_log_fini(cgw_test *test);
void tester_log_call(struct cgw_call *pub, int level, const char *message, size_t len);
/* An HTTP call is over: its answer is whole, or will never be (tester_client.c). */
void tester_client_ended(struct tester_call *call);
/* A lifespan says something, or is over (tester_lifespan.c). */
void tester_lifespan_take(struct tester_call *call, const struct cgw_event *event);
void tester_lifespan_ended(struct tester_call *call, int status);
#endif
