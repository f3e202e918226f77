/* Two routes that take the same paths: it must not come to serve. */
#include <cgw.h>

CGW_GET(by_number, "/items/{id:int}")
{
    return cgw_text(req, 200, "number");
}

CGW_GET(by_amount, "/items/{amount:float}")
{
    return cgw_text(req, 200, "amount");
}
