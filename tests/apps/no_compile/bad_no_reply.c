/* expect: end of non-void|non-void function does not return */
#include <cgw.h>

CGW_GET(item, "/items/{id:int}")
{
    if (cgw_path_i64(req, "id") > 0)
        return cgw_text(req, 200, "here");
}
