/* One line of the access log for each answered request, and for each refused one. */
#ifndef NET_ACCESS_LOG_H
#define NET_ACCESS_LOG_H

struct call;
struct conn;

/* The runtime's end_hook: the call has ended, its scope is still there. */
void access_log_call(struct call *call);
/* The host refused what came before it was a call. */
void access_log_rejection(struct conn *conn, int status);
#endif
