#include <cgw.h>

#define LEVEL(V) V(LOW, "low") V(HIGH, "high")
CGW_ENUM(Level, LEVEL)

#define READING(F)                       \
    F(uuid, id)                          \
    F(datetime, taken_at, .alias = "at") \
    F(f64, celsius)                      \
    F(enumeration(Level), level)         \
    F(str, note, .opt = true)            \
    F(str, secret, .hidden = true)
CGW_MODEL(Reading, READING)

static Reading reading_of(int64_t hour)
{
    Reading reading = {
        .id = cgw_uuid_new(),
        .taken_at = {.unix_us = hour * 3600 * INT64_C(1000000), .has_offset = true},
        .celsius = (double)(hour % 240) / 10,
        .level = hour % 24 < 12 ? LOW : HIGH,
        .secret = "never sent",
    };
    cgw_set_absent(Reading, &reading, note);
    return reading;
}

/* {"id":"...","at":"1970-01-01T01:00:00Z","celsius":0.1,"level":"low"} */
CGW_GET(reading, "/readings/{hour:int}", .reply = Reading_model)
{
    Reading reading = reading_of(cgw_path_i64(req, "hour"));
    return cgw_json(req, 200, Reading, &reading);
}

/* 100 000 of them, in the memory of one buffer. */
CGW_GET(readings, "/readings", .reply = Reading_model)
{
    CGW_TRY(req, cgw_rows(req, 200, Reading));
    for (int64_t hour = 0; hour < 100000; hour++) {
        Reading reading = reading_of(hour);
        CGW_TRY(req, cgw_row(req, Reading, &reading));
    }
    return cgw_stream_end(req);
}
