/* expect: unused-result|ignoring return value */
#include <cgw.h>

CGW_MIDDLEWARE(stamp)
{
    cgw_next(req);
    return cgw_empty(req, 204);
}

CGW_GET(home, "/", .middleware = CGW_THROUGH(stamp))
{
    return cgw_text(req, 200, "home");
}
