/* The host's side of abi.h, as hostile as abi.h lets it be; the tables are host_async, host_sync.
 */
#ifndef VALIDATE_HOST_H
#define VALIDATE_HOST_H
#include "validate/vcall.h"

/* Schedule the callback of a receive() that waits, where there is something to say now. */
void host_wake(struct vcall *v);
/* The call behind pub, for a function of the host by name. Ends the child where the application
   may not call it now, or not from this thread. */
struct vcall *host_entered(const struct cgw_call *pub, const char *function);
/* The same for a function that every thread may call. */
struct vcall *host_entered_anywhere(const struct cgw_call *pub, const char *function);
/* The call was told no: it need not go well any more. */
int host_answer(struct vcall *v, int status);
#endif
