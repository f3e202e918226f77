/* timing: each response says how long it took; CGW_TIMING_HEADER, CGW_TIMING_METRIC. */
#include "options.h"

static const struct cgw_app *around(const struct cgw_app *inner, const char **ret_error)
{
    static struct cgw_timing options;
    if (options_field("CGW_TIMING_HEADER", &options.header, ret_error) < 0 ||
        options_token("CGW_TIMING_METRIC", &options.metric, ret_error) < 0)
        return NULL;
    return cgw_wrap_app(inner, &options, ret_error);
}

OPTIONS_MODULE("timing", around);
