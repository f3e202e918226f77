/* expect: tiemout */
#include <cgw.h>

CGW_GET(home, "/", .tiemout = 3)
{
    return cgw_text(req, 200, "home");
}
