#include <cgw.h>

CGW_GET(hello, "/")
{
    return cgw_text(req, 200, "Hello, world!\n");
}
