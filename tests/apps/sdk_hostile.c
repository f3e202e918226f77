/*
 * Careless handlers for hostile clients, for the tests: text of the query goes wherever an API
 * takes text, NULL where something should be, one model is bound from everywhere.
 */
#include <cgw.h>
#include <inttypes.h>
#include <stdlib.h>

typedef struct App {
    int64_t *numbers;
    size_t n;
} App;
typedef struct Other {
    char bytes[100];
} Other;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    (void)boot;
    (void)app;
    return 0;
}
static void stop(App *app)
{
    (void)app;
}

/* ---- one model from everywhere ---- */

#define NUMBER(F) F(i64, a)
CGW_MODEL(Number, NUMBER)

CGW_POST(everywhere, "/everywhere/{a}", .params = Number_model, .path_params = Number_model,
         .headers = Number_model, .cookies = Number_model, .body = Number_model)
{
    return cgw_text(req, 200,
                    "query %" PRId64 " path %" PRId64 " header %" PRId64 " cookie %" PRId64
                    " body %" PRId64 "\n",
                    cgw_params(req, Number)->a, cgw_path_params(req, Number)->a,
                    cgw_headers(req, Number)->a, cgw_cookies(req, Number)->a,
                    cgw_body(req, Number)->a);
}

CGW_POST(elsewhere, "/elsewhere", .body = Number_model)
{
    return cgw_text(req, 200, "%" PRId64 " %" PRId64 "\n", cgw_body(req, Number)->a,
                    cgw_headers(req, Number)->a);
}

static int refuse(cgw_check *check, const void *object)
{
    (void)object;
    return cgw_invalid(check, "never");
}
#define STRICT(F) F(str, q, .opt = true)
CGW_MODEL(Strict, STRICT, .strict = true)
CGW_MODEL(Never, STRICT, .check = refuse)

CGW_GET(strict, "/strict", .params = Strict_model)
{
    return cgw_json(req, 200, Strict, cgw_params(req, Strict));
}
CGW_GET(never, "/never", .params = Never_model, .cookies = Never_model)
{
    return cgw_json(req, 200, Never, cgw_params(req, Never));
}

/* ---- the client's text wherever text goes ---- */

static const char *text(cgw_request *req)
{
    const char *v = cgw_query(req, "v");
    return v ? v : "(none)";
}

CGW_GET(echo, "/echo")
{
    cgw_strs all = cgw_query_all(req, "v");
    return cgw_text(req, 200, "%s %zu\n", text(req), all.len);
}
CGW_GET(location, "/location")
{
    return cgw_redirect(req, 303, text(req));
}
CGW_GET(type, "/type")
{
    return cgw_bytes(req, 200, text(req), (cgw_str)CGW_STR("x"));
}
CGW_GET(type_lent, "/type-lent")
{
    return cgw_bytes_lent(req, 200, text(req), (cgw_str)CGW_STR("x"));
}
CGW_GET(type_stream, "/type-stream")
{
    CGW_TRY(req, cgw_stream(req, 200, text(req)));
    return cgw_stream_end(req);
}
CGW_GET(field, "/field")
{
    return cgw_text(req, 200, "%d\n", cgw_add_header(req, "x-v", text(req)));
}
CGW_GET(name, "/name")
{
    return cgw_text(req, 200, "%d\n", cgw_set_header(req, text(req), "v"));
}
CGW_GET(cookie, "/cookie")
{
    return cgw_text(req, 200, "%d %d %d\n", cgw_set_cookie(req, text(req), "v"),
                    cgw_set_cookie(req, "c", text(req)),
                    cgw_set_cookie(req, "c", "v", .path = text(req), .domain = text(req)));
}
CGW_GET(log_line, "/log")
{
    cgw_log(req, "said: %s", text(req));
    return cgw_empty(req, 204);
}
CGW_GET(detail, "/detail")
{
    return cgw_fail(req, 400, "%s", text(req));
}
CGW_GET(event, "/event")
{
    CGW_TRY(req, cgw_events(req, .ping = -1));
    CGW_TRY(req, cgw_event(req, .data = text(req), .comment = text(req)));
    return cgw_stream_end(req);
}

/* ---- faults of the program's ---- */

CGW_GET(null_json, "/null/json")
{
    const Number *number = NULL;
    return cgw_json(req, 200, Number, number);
}
CGW_GET(null_list, "/null/list")
{
    const Number *numbers = NULL;
    return cgw_json_list(req, 200, Number, numbers, 3);
}
CGW_GET(null_text, "/null/text")
{
    return cgw_json_text(req, 200, (cgw_str){NULL, 0});
}
CGW_GET(null_location, "/null/location")
{
    return cgw_redirect(req, 303, cgw_url_for(req, "no such route"));
}
CGW_GET(null_field, "/null/field")
{
    const char *value = cgw_header(req, "x-none");
    return cgw_text(req, 200, "%d %d\n", cgw_add_header(req, "x-v", value),
                    cgw_set_cookie(req, "c", value));
}
CGW_GET(wrong_state, "/wrong-state")
{
    return cgw_text(req, 200, "%s\n", cgw_state(req, Other) ? "there" : "none");
}
CGW_GET(replaced, "/replaced/{how}")
{
    cgw_reply reply = cgw_redirect(req, 303, "/elsewhere");
    if (*cgw_path(req, "how") == 'f')
        return cgw_fail(req, 403, "no");
    if (*cgw_path(req, "how") == 't')
        return cgw_text(req, 200, "text\n");
    return *cgw_path(req, "how") == 'r' ? cgw_redirect(req, 307, "/third") : reply;
}
CGW_GET(failed, "/failed/{status}")
{
    return cgw_fail(req, (int)strtol(cgw_path(req, "status"), NULL, 10), "failed");
}
CGW_ON_STATUS(500, broken)
{
    cgw_set_header(req, "x-cause", cgw_fmt(req, "%d", cause->status));
    return cgw_fail(req, 500, "%s", cause->detail);
}

/* ---- lists ---- */

/* Changed by whatever runs meanwhile. */
static int shrink(void *arg)
{
    App *app = arg;
    free(app->numbers);
    app->numbers = NULL;
    return 0;
}
CGW_GET(list, "/list")
{
    App *app = cgw_state(req, App);
    enum { N = 300000 };
    app->numbers = calloc(N, sizeof(*app->numbers));
    if (!app->numbers || cgw_spawn(shrink, app) != CGW_OK)
        return cgw_error(req, CGW_ENOMEM);
    Number *numbers = cgw_alloc(req, N * sizeof(*numbers));
    for (size_t i = 0; numbers && i < N; i++)
        numbers[i].a = app->numbers[i];
    cgw_reply reply = cgw_json_list(req, 200, Number, numbers, N);
    return app->numbers ? reply : cgw_fail(req, 500, "others ran");
}

/* ---- sub-applications ---- */

CGW_ROUTER(shop, "/shop", .is_application = true);
CGW_GET(shop_item, "/items/{_id}", .router = &shop_router)
{
    return cgw_error(req, CGW_ENOENT);
}
CGW_ROUTER(bare, "/bare", .is_application = true);
CGW_GET(bare_item, "/items/{_id}", .router = &bare_router)
{
    return cgw_error(req, CGW_ENOENT);
}
CGW_ROUTER(desk, "/desk", .parent = &shop_router);
CGW_GET(desk_item, "/items/{status:int}", .router = &desk_router)
{
    return cgw_fail(req, (int)cgw_path_i64(req, "status"), "desk");
}
CGW_ON_STATUS(404, lost_in_desk, .router = &desk_router)
{
    return cgw_text(req, 404, "desk by status: %s\n", cause->detail);
}
CGW_ON_STATUS(0, all_in_shop, .router = &shop_router)
{
    return cgw_text(req, cause->status, "shop: %s\n", cause->detail);
}
CGW_ON_ERROR(CGW_ENOENT, missing)
{
    return cgw_text(req, 404, "by code, at %s in %s\n", cgw_route_path(req), cgw_root_path(req));
}
CGW_ON_STATUS(404, lost)
{
    (void)cause;
    return cgw_text(req, 404, "by status\n");
}
