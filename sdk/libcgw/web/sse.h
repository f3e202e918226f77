/* Server-sent events as bytes: HTML, 9.2.5. */
#ifndef WEB_SSE_H
#define WEB_SSE_H
#include "base/buffer.h"
#include <cgw/reply.h>

/* event and id have one line, retry_ms is not negative. */
bool sse_is_valid(const struct cgw_sse *event);
/* Data and comments may have any lines, ended by LF, CR or CRLF. */
void sse_write(struct buffer *out, const struct cgw_sse *event);
#endif
