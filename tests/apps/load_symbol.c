/* Refused: a shared object that exports something, but no cgw_app. */
#include <cgw/abi.h>

CGW_EXPORT const struct cgw_app not_cgw_app = {.magic = CGW_MAGIC, .size = sizeof not_cgw_app};
