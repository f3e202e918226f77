/* expect: -W(error=)?format */
#include <cgw.h>

CGW_GET(item, "/items/{id:int}")
{
    return cgw_text(req, 200, "item %s", cgw_path_i64(req, "id"));
}
