/* Errors as documents: {"detail": ...}, or a problem of RFC 9457. */
#ifndef WEB_PROBLEM_H
#define WEB_PROBLEM_H
#include "base/buffer.h"
#include <cgw/route.h>

/* "Not Found": RFC 9110, 15, in English; "" for what has no name. Static. */
const char *problem_reason(int status);
/* The document of the cause: its detail_json where there is one, else its detail, else the reason.
 */
void problem_write(struct buffer *out, const struct cgw_cause *cause, bool is_rfc9457);
#endif
