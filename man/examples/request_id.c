#include <cgw.h>

CGW_REQUEST_ID(ids);
CGW_TIMING(timing, .metric = "shop");
CGW_APPLICATION(.name = "shop", .middleware = CGW_THROUGH(ids, timing));

CGW_GET(order, "/orders/{id:int}")
{
    cgw_log(req, "order %s is looked for", cgw_path(req, "id")); /* request_id=3f0c... order 7 */
    return cgw_fail(req, 404, "no such order; ask us about %s",
                    (const char *)cgw_get(req, "request_id"));
}
