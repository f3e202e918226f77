/* expect: -W(error=)?format */
#include <cgw.h>

CGW_GET(item, "/items/{id}")
{
    const char *name = cgw_fmt(req, "%f", cgw_path(req, "id"));
    return cgw_text(req, 200, "%s", name ? name : "");
}
