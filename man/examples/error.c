#include <cgw.h>

static const char *find_item(int64_t id)
{
    return id == 1 ? "a nail" : NULL;
}

CGW_GET(item, "/items/{id:int}", .timeout = 2)
{
    const char *name = find_item(cgw_path_i64(req, "id"));
    if (!name)
        return cgw_fail(req, 404, "no item %s", cgw_path(req, "id"));
    CGW_TRY(req, cgw_sleep(0.1)); /* canceled: the reply says why */
    return cgw_text(req, 200, "%s\n", name);
}

CGW_ON_STATUS(404, not_found)
{
    return cgw_html(req, 404, "<h1>Nothing here</h1><p>%s</p>\n",
                    cause->code ? cgw_strerror(cause->code) : "Look elsewhere.");
}

CGW_ON_ERROR(CGW_ETIMEDOUT, slow)
{
    cgw_log_level(req, CGW_LOG_WARNING, "%s is slow", cgw_route_path(req));
    cgw_set_header(req, "retry-after", "10");
    return cgw_fail(req, 503, "come back later");
}
