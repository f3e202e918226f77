/* Refused: cgw_app is a function. */
#include <cgw/abi.h>

CGW_EXPORT void cgw_app(void);

void cgw_app(void)
{
}
