/* An application that wants its paths as they are. */
#include <cgw.h>

CGW_APPLICATION(.name = "exact", .exact_slash = true);

CGW_GET(items, "/items")
{
    return cgw_text(req, 200, "items");
}
