/* expect: _Generic|not compatible with any (generic )?association */
#include <cgw.h>

static int half(double *number)
{
    *number /= 2;
    return 0;
}

CGW_GET(later, "/later")
{
    double n = 1;
    cgw_after(req, half, &n);
    return cgw_empty(req, 204);
}
