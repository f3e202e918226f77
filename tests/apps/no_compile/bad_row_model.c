/* expect: _Generic */
#include <cgw.h>

#define FIELDS(F) F(i64, n)
CGW_MODEL(One, FIELDS)
CGW_MODEL(Other, FIELDS)

CGW_GET(item, "/items")
{
    Other other = {.n = 1};
    CGW_TRY(req, cgw_rows(req, 200, One));
    CGW_TRY(req, cgw_row(req, One, &other));
    return cgw_stream_end(req);
}
