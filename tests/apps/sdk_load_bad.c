/* A parameter that was renamed in the path, and not in its handler: it must not come to serve. That
   another handler reads one of its name does not help. */
#include <cgw.h>

CGW_GET(read_well, "/well/{id}")
{
    return cgw_text(req, 200, "%s", cgw_path(req, "id"));
}

CGW_GET(read_badly, "/badly/{id}")
{
    return cgw_text(req, 200, "%s", cgw_path(req, "item"));
}
