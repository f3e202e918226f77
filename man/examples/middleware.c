#include <cgw.h>

CGW_MIDDLEWARE(timing)
{
    double begin = cgw_now();
    cgw_reply reply = cgw_next(req);
    double ms = (cgw_now() - begin) * 1e3;
    if (!cgw_reply_has_begun(req))
        cgw_set_header(req, "server-timing", cgw_fmt(req, "app;dur=%.1f", ms));
    return reply;
}

CGW_MIDDLEWARE(closed)
{
    if (!cgw_header(req, "x-key"))
        return cgw_fail(req, 401, "a key is needed");
    cgw_add_header(req, "cache-control", "private"); /* of every reply, streams too */
    return cgw_next(req);
}

static int count_bytes(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events,
                       size_t n)
{
    size_t *bytes = layer->arg;
    for (size_t i = 0; i < n; i++)
        if (events[i].type == CGW_HTTP_RESPONSE_BODY)
            for (size_t k = 0; k < events[i].u.bodyv.n_parts; k++)
                *bytes += events[i].u.bodyv.parts[k].len;
    return cgw_send_below(req, layer, events, n);
}

static void log_bytes(void *arg)
{
    const size_t *bytes = arg;
    cgw_log(NULL, "sent %zu bytes", *bytes);
}

CGW_MIDDLEWARE(counting)
{
    struct {
        struct cgw_layer layer;
        size_t bytes;
    } *counter = cgw_alloc(req, sizeof(*counter));
    if (!counter)
        return cgw_error(req, CGW_ENOMEM);
    counter->layer = (struct cgw_layer){.send = count_bytes, .arg = &counter->bytes};
    cgw_wrap(req, &counter->layer);
    cgw_defer(req, log_bytes, &counter->bytes);
    return cgw_next(req);
}

CGW_APPLICATION(.name = "shop", .middleware = CGW_THROUGH(timing, counting));
CGW_ROUTER(admin, "/admin", .middleware = CGW_THROUGH(closed));

CGW_GET(orders, "/orders", .router = &admin_router)
{
    return cgw_text(req, 200, "no orders\n");
}
