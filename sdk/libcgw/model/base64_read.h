/* Base64 (RFC 4648, 4) into bytes. [any-thread] */
#ifndef MODEL_BASE64_READ_H
#define MODEL_BASE64_READ_H
#include "base/arena.h"

#define BASE64_ERROR_BYTES 64

/* With its padding, without blanks, and canonical: one text for the same bytes. ret_bytes: the
   arena's, NUL-terminated. CGW_OK; CGW_EINVALID: error says why; CGW_ENOMEM. */
int base64_read(cgw_str text, struct arena *arena, cgw_str *ret_bytes,
                char error[BASE64_ERROR_BYTES]) CGW_MUST_USE;
#endif
