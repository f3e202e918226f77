/* Refused: says that it is larger than its symbol is. */
#include <cgw/abi.h>

static void call(struct cgw_call *call)
{
    call->host->finish(call, CGW_OK);
}

CGW_EXPORT const struct cgw_app cgw_app = {.magic = CGW_MAGIC,
                                           .abi_major = CGW_ABI_MAJOR,
                                           .abi_minor = CGW_ABI_MINOR,
                                           .size = 4096,
                                           .call = call};
