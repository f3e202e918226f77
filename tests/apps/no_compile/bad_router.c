/* expect: incompatible|from type */
#include <cgw.h>

CGW_MIDDLEWARE(stamp)
{
    return cgw_next(req);
}

CGW_GET(home, "/", .router = &stamp_middleware)
{
    return cgw_text(req, 200, "home");
}
