/* expect: _Generic */
#include <cgw/model.h>

#define A(F) F(i64, n)
CGW_MODEL(One, A)
CGW_MODEL(Other, A)
int read_one(cgw_request *req, cgw_str json, Other *out);
int read_one(cgw_request *req, cgw_str json, Other *out)
{
    return cgw_parse(req, One, json, out, NULL);
}
