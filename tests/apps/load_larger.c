/*
 * A descriptor of a later minor, larger than ours. With TAIL 0 it uses nothing new and loads; else
 * it wants what this host cannot give.
 */
#include <cgw/abi.h>

#ifndef TAIL
#define TAIL 0
#endif

static void call(struct cgw_call *call)
{
    call->host->finish(call, CGW_OK);
}

CGW_EXPORT const struct {
    struct cgw_app app;
    uint64_t newer[4];
} cgw_app = {.app = {.magic = CGW_MAGIC,
                     .abi_major = CGW_ABI_MAJOR,
                     .abi_minor = CGW_ABI_MINOR + 1,
                     .size = sizeof cgw_app,
                     .call = call},
             .newer = {0, 0, TAIL, 0}};
