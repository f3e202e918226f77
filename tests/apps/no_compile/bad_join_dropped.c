/* expect: unused-result|ignoring return value */
#include <cgw.h>

CGW_GET(gather, "/gather")
{
    cgw_group *group = cgw_group(req);
    cgw_join(group);
    return cgw_empty(req, 204);
}
