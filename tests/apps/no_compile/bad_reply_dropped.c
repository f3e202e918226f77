/* expect: unused-result|ignoring return value */
#include <cgw.h>

CGW_GET(item, "/items")
{
    if (!cgw_query(req, "id"))
        cgw_fail(req, 400, "no id");
    return cgw_text(req, 200, "here");
}
