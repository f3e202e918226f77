#include <cgw.h>

CGW_GZIP(zip, .minimum = 1000);
CGW_APPLICATION(.name = "report", .middleware = CGW_THROUGH(zip));

CGW_GET(report, "/report")
{
    CGW_TRY(req, cgw_stream(req, 200, "text/csv"));
    for (int day = 1; day <= 365; day++)
        CGW_TRY(req, cgw_print(req, "%d,%d\n", day, day * day)); /* at the client at once */
    return cgw_stream_end(req);
}

CGW_GET(secret, "/secret")
{
    cgw_add_header(req, "cache-control", "no-transform"); /* stays as it is */
    return cgw_text(req, 200, "%s\n", "what nobody is to guess by its length");
}
