/* expect: -W(error=)?format */
#include <cgw.h>

CGW_GET(item, "/items/{id}")
{
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    CGW_TRY(req, cgw_print(req, "%d\n", cgw_path(req, "id")));
    return cgw_stream_end(req);
}
