/* expect: no member named .name|does not refer to any field|field .*name */
#include <cgw.h>

CGW_GET(ticks, "/ticks")
{
    CGW_TRY(req, cgw_events(req));
    CGW_TRY(req, cgw_event(req, .name = "tick", .data = "1"));
    return cgw_stream_end(req);
}
