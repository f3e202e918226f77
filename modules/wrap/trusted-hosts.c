/* trusted-hosts: requests to other hosts than CGW_TRUSTED_HOSTS get a 400. */
#include "options.h"

static const struct cgw_app *around(const struct cgw_app *inner, const char **ret_error)
{
    static struct cgw_trusted_hosts options;
    if (options_list("CGW_TRUSTED_HOSTS", &options.hosts, ret_error) < 0)
        return NULL;
    if (!options.hosts) {
        *ret_error = "CGW_TRUSTED_HOSTS is not set: example.org,*.example.org";
        return NULL;
    }
    return cgw_wrap_app(inner, &options, ret_error);
}

OPTIONS_MODULE("trusted-hosts", around);
