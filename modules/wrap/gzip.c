/* gzip: responses are compressed for clients that take that; CGW_GZIP_MINIMUM bytes, CGW_GZIP_LEVEL
 * 1 to 9. */
#include "options.h"

static const struct cgw_app *around(const struct cgw_app *inner, const char **ret_error)
{
    static struct cgw_gzip options;
    uint64_t minimum = 0, level = 0;
    if (options_number("CGW_GZIP_MINIMUM", 1, 1 << 30, &minimum, ret_error) < 0 ||
        options_number("CGW_GZIP_LEVEL", 1, 9, &level, ret_error) < 0)
        return NULL;
    options = (struct cgw_gzip){.minimum = (size_t)minimum, .level = (int)level};
    return cgw_wrap_app(inner, &options, ret_error);
}

OPTIONS_MODULE("gzip", around);
