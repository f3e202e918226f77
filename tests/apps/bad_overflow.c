/* Uses up its stack. */
#include "bad.h"

static int dig(struct cgw_call *call, int depth)
{
    volatile char waste[4096];
    waste[0] = (char)depth;
    return depth == 0 ? waste[0] : dig(call, depth - 1) + waste[0];
}

static void call(struct cgw_call *call)
{
    (void)dig(call, 1 << 30);
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
