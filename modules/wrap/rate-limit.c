/* rate-limit: so many requests of a client in so many seconds, then 429; CGW_RATE_LIMIT_REQUESTS,
 * CGW_RATE_LIMIT_SECONDS, CGW_RATE_LIMIT_BURST, CGW_RATE_LIMIT_CLIENTS. */
#include "options.h"

static int number(const char *variable, uint64_t max, uint32_t *option, const char **ret_error)
{
    uint64_t value = *option;
    int status = options_number(variable, 1, max, &value, ret_error);
    *option = (uint32_t)value;
    return status;
}

static const struct cgw_app *around(const struct cgw_app *inner, const char **ret_error)
{
    static struct cgw_rate_limit options;
    if (number("CGW_RATE_LIMIT_REQUESTS", 1000000000, &options.requests, ret_error) < 0 ||
        number("CGW_RATE_LIMIT_SECONDS", 86400, &options.seconds, ret_error) < 0 ||
        number("CGW_RATE_LIMIT_BURST", 1000000000, &options.burst, ret_error) < 0 ||
        number("CGW_RATE_LIMIT_CLIENTS", 1 << 24, &options.clients, ret_error) < 0)
        return NULL;
    return cgw_wrap_app(inner, &options, ret_error);
}

OPTIONS_MODULE("rate-limit", around);
