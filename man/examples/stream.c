#include <cgw.h>
#include <inttypes.h>
#include <stdio.h>

CGW_GET(csv, "/squares.csv")
{
    CGW_TRY(req, cgw_stream(req, 200, "text/csv"));
    for (int64_t i = 0; i < 100000; i++)
        CGW_TRY(req, cgw_print(req, "%" PRId64 ",%" PRId64 "\n", i, i * i));
    return cgw_stream_end(req);
}

#define SQUARE(F) F(i64, n) F(i64, square)
CGW_MODEL(Square, SQUARE)

CGW_GET(json, "/squares.json")
{
    CGW_TRY(req, cgw_rows(req, 200, Square));
    for (int64_t i = 0; i < 100000; i++) {
        const Square square = {.n = i, .square = i * i};
        CGW_TRY(req, cgw_row(req, Square, &square));
    }
    return cgw_stream_end(req);
}

CGW_GET(uptime, "/uptime")
{
    char text[32];
    CGW_TRY(req, cgw_events(req, .ping = 10));
    while (!cgw_is_draining(req)) {
        snprintf(text, sizeof(text), "%.0f", cgw_now());
        CGW_TRY(req, cgw_event(req, .event = "uptime", .data = text));
        CGW_TRY(req, cgw_sleep(1));
    }
    CGW_TRY(req, cgw_event(req, .event = "bye", .data = "", .retry_ms = 1000));
    return cgw_stream_end(req);
}
