/* expect: _Generic */
#include <cgw.h>

#define FIELDS(F) F(i64, n)
CGW_MODEL(One, FIELDS)
CGW_MODEL(Other, FIELDS)

CGW_GET(item, "/items")
{
    Other other = {.n = 1};
    return cgw_json_text(req, 200, cgw_encode(req, One, &other));
}
