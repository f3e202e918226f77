/* https-redirect: what comes by http goes to https; CGW_HTTPS_REDIRECT_PORT,
 * CGW_HTTPS_REDIRECT_PERMANENT. */
#include "options.h"

static const struct cgw_app *around(const struct cgw_app *inner, const char **ret_error)
{
    static struct cgw_https_redirect options;
    uint64_t port = 0;
    if (options_number("CGW_HTTPS_REDIRECT_PORT", 1, 65535, &port, ret_error) < 0 ||
        options_switch("CGW_HTTPS_REDIRECT_PERMANENT", &options.permanent, ret_error) < 0)
        return NULL;
    options.port = (uint16_t)port;
    return cgw_wrap_app(inner, &options, ret_error);
}

OPTIONS_MODULE("https-redirect", around);
