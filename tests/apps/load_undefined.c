/* Refused: needs a function that nobody defines; linked without -z defs. */
#include <cgw/abi.h>

void cgw_nobody_defines_this(struct cgw_call *call);

static void call(struct cgw_call *call)
{
    cgw_nobody_defines_this(call);
}

CGW_APP(.call = call);
