/* What a call is told by receive(): the script's events, in the script's pieces. */
#ifndef VALIDATE_INBOX_H
#define VALIDATE_INBOX_H
#include "validate/vcall.h"

/* Is there something to say? */
bool inbox_has(const struct vcall *v);
/* Say it: CGW_OK and *ret_event, or CGW_ECANCELED. Only where inbox_has(). */
int inbox_take(struct vcall *v, struct cgw_event *ret_event);
/* The memory of the last event is gone. */
void inbox_drop(struct vcall *v);
#endif
