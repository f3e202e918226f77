/* expect: -W(error=)?format */
#include <cgw.h>

CGW_GET(item, "/items/{id}")
{
    return cgw_fail(req, 404, "no item %d", cgw_path(req, "id"));
}
