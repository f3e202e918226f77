/* No document, and so no page. */
#include <cgw.h>

CGW_APPLICATION(.openapi = "");

CGW_GET(home, "/")
{
    return cgw_text(req, 200, "home");
}
