/* expect: incompatible.pointer|incompatible pointer */
#include <cgw.h>

#define FIELDS(F) F(i64, n)
CGW_MODEL(One, FIELDS)
CGW_MODEL(Other, FIELDS)

CGW_POST(item, "/items", .body = One_model)
{
    const Other *other = cgw_body(req, One);
    return cgw_json(req, 200, Other, other);
}
