/* Refused: built against another major of the interface. Only the first 16 bytes mean anything. */
#include <cgw/abi.h>

CGW_EXPORT const struct {
    uint32_t magic;
    uint16_t major, minor;
    uint32_t size, flags;
    uint64_t other[6];
} cgw_app = {CGW_MAGIC, CGW_ABI_MAJOR + 1, 3, 64, 0, {0}};
