/* What the misuse beside it is measured by. */
#include <cgw.h>
#include <inttypes.h>

#define FIELDS(F) F(i64, n)
CGW_MODEL(One, FIELDS)

CGW_GET(item, "/items/{id:int}")
{
    One one = {.n = cgw_path_i64(req, "id")};
    if (one.n == 1)
        return cgw_text(req, 200, "item %" PRId64, one.n);
    if (one.n == 2)
        return cgw_fail(req, 404, "no item %s", cgw_path(req, "id"));
    if (one.n == 3)
        return cgw_json_list(req, 200, One, &one, 1);
    return cgw_json(req, 200, One, &one);
}

CGW_POST(note, "/notes", .body = One_model)
{
    const One *one = cgw_body(req, One);
    cgw_str text;
    CGW_TRY(req, cgw_body_text(req, &text));
    CGW_TRY(req, cgw_rows(req, 200, One));
    CGW_TRY(req, cgw_row(req, One, one));
    return cgw_stream_end(req);
}

CGW_GET(ticks, "/ticks")
{
    CGW_TRY(req, cgw_events(req));
    CGW_TRY(req, cgw_event(req, .event = "tick", .data = "1"));
    CGW_TRY(req, cgw_print(req, "%s", ": done\n\n"));
    return cgw_stream_end(req);
}
