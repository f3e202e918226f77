/* The extension tables, in their simplest form that keeps the rules. */
#ifndef VALIDATE_EXTEND_H
#define VALIDATE_EXTEND_H
#include "validate/script.h"
#include <cgw/abi.h>

/* Which scenario is played: it may have no tables, a full pool, a peer that wants no trailers. */
void extend_use(const struct script *script);
/* The application moves its routes by itself (CGW_PROMOTES). */
void extend_let_promote(bool is_wanted);

const void *extend_async(const struct cgw_host *host, const char *id);
const void *extend_sync(const struct cgw_host *host, const char *id);
#endif
