/* expect: _Generic */
#include <cgw.h>

#define FIELDS(F) F(i64, n)
CGW_MODEL(One, FIELDS)
CGW_MODEL(Other, FIELDS)

CGW_GET(item, "/items")
{
    Other other = {.n = 1};
    return cgw_json(req, 200, One, &other);
}
