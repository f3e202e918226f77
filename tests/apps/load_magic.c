/* Refused: the magic is not cgw's. */
#include <cgw/abi.h>

static void call(struct cgw_call *call)
{
    call->host->finish(call, CGW_OK);
}

CGW_EXPORT const struct cgw_app cgw_app = {.magic = 0x12345678u,
                                           .abi_major = CGW_ABI_MAJOR,
                                           .abi_minor = CGW_ABI_MINOR,
                                           .size = sizeof(struct cgw_app),
                                           .call = call};
