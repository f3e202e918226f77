/* expect: unused-result|ignoring return value */
#include <cgw.h>

CGW_GET(nap, "/nap")
{
    cgw_sleep(1);
    return cgw_empty(req, 204);
}
