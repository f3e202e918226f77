/* request-id: each request has one, its response says it; CGW_REQUEST_ID_HEADER,
 * CGW_REQUEST_ID_IGNORE. */
#include "options.h"

static const struct cgw_app *around(const struct cgw_app *inner, const char **ret_error)
{
    static struct cgw_request_id options;
    if (options_field("CGW_REQUEST_ID_HEADER", &options.header, ret_error) < 0 ||
        options_switch("CGW_REQUEST_ID_IGNORE", &options.ignore, ret_error) < 0)
        return NULL;
    return cgw_wrap_app(inner, &options, ret_error);
}

OPTIONS_MODULE("request-id", around);
