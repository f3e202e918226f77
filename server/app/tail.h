/*
 * What development adds to pages: runtime->html_tail behind the body of every whole HTML page of
 * the application's, its length put right. The application's own content-length is judged as ever.
 */
#ifndef APP_TAIL_H
#define APP_TAIL_H
#include "app/call.h"

/* The head is checked and not yet written: is this a page? Then its length grows. */
void tail_consider(struct call *call);

/*
 * Before write, which has been measured, goes out: if it ends a page that is not empty, it shall
 * not be the end, and tail_take() comes next.
 */
void tail_hold_end(struct call *call, struct call_write *write);

/* The write that is due now. */
struct call_write tail_take(struct call *call);
#endif
