/* expect: unused-result|ignoring return value */
#include <cgw.h>

CGW_GET(item, "/items")
{
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    cgw_write(req, "item\n", 5);
    return cgw_stream_end(req);
}
