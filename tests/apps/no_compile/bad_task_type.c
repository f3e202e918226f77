/* expect: _Generic|not compatible with any (generic )?association */
#include <cgw.h>

static double half(void *arg)
{
    return *(double *)arg / 2;
}

CGW_GET(gather, "/gather")
{
    double n = 1;
    CGW_GROUP(group, req);
    cgw_go(group, half, &n);
    return cgw_empty(req, cgw_join(group) ? 500 : 204);
}
