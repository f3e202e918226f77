/* Errors as documents of RFC 9457, and a handler for all of them, for the tests. */
#include <cgw.h>

CGW_APPLICATION(.name = "problems", .problem_json = true);

#define THING(F) F(i64, n, .ge = 1)
CGW_MODEL(Thing, THING)

CGW_GET(fail, "/fail")
{
    return cgw_fail(req, 403, "%s", "not yours");
}

CGW_POST(thing, "/things", .body = Thing_model)
{
    return cgw_json(req, 200, Thing, cgw_body(req, Thing));
}

CGW_GET(busy, "/busy")
{
    return cgw_error(req, CGW_EBUSY);
}

CGW_GET(secret, "/secret")
{
    return cgw_error(req, CGW_EIO);
}

CGW_ON_STATUS(0, all)
{
    cgw_set_header(req, "x-seen", cgw_fmt(req, "%d", cause->status));
    return cgw_done(req);
}
