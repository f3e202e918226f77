/* What the linker gathered, as a matcher takes it; apart, so that one can be made of anything. */
#include "web/application.h"
#include "web/match.h"

struct matcher *matcher_new(const char **ret_error)
{
    struct section routes = section_routes(), mounts = section_mounts(),
                   converters = section_converters();
    const struct match_input input = {
        .application = app_declared(),
        .endpoints = (const void *)routes.first,
        .endpoints_end = (const void *)routes.end,
        .mounts = (const void *)mounts.first,
        .mounts_end = (const void *)mounts.end,
        .converters = (const void *)converters.first,
        .converters_end = (const void *)converters.end,
        .own = docs_routes,
    };
    return match_new(&input, ret_error);
}
