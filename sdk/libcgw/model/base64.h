/* Bytes into base64 (RFC 4648, 4), with padding; base64_read.h is the way back. */
#ifndef MODEL_BASE64_H
#define MODEL_BASE64_H
#include "base/buffer.h"

/* Behind what is in out, piece by piece; out->status says whether it went well. */
void base64_write(struct buffer *out, cgw_str bytes);
#endif
