/* expect: unused-result|ignoring return value */
#include <cgw/model.h>

#define A(F) F(i64, n)
CGW_MODEL(One, A)
void read_one(cgw_request *req, cgw_str json, One *out);
void read_one(cgw_request *req, cgw_str json, One *out)
{
    cgw_parse(req, One, json, out, NULL);
}
