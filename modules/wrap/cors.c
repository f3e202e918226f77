/* cors: pages of CGW_CORS_ORIGINS may read the responses; see cgw-wrap(7) for the others. */
#include "options.h"

static const struct cgw_app *around(const struct cgw_app *inner, const char **ret_error)
{
    static struct cgw_cors options;
    uint64_t max_age = 600;
    if (options_list("CGW_CORS_ORIGINS", &options.origins, ret_error) < 0 ||
        options_list("CGW_CORS_METHODS", &options.methods, ret_error) < 0 ||
        options_list("CGW_CORS_HEADERS", &options.headers, ret_error) < 0 ||
        options_list("CGW_CORS_EXPOSE", &options.expose, ret_error) < 0 ||
        options_switch("CGW_CORS_CREDENTIALS", &options.credentials, ret_error) < 0 ||
        options_switch("CGW_CORS_PRIVATE_NETWORK", &options.private_network, ret_error) < 0 ||
        options_number("CGW_CORS_MAX_AGE", 0, 86400, &max_age, ret_error) < 0)
        return NULL;
    if (!options.origins) {
        *ret_error = "CGW_CORS_ORIGINS is not set: https://shop.example,... or *";
        return NULL;
    }
    options.max_age = max_age ? (int)max_age : -1;
    return cgw_wrap_app(inner, &options, ret_error);
}

OPTIONS_MODULE("cors", around);
