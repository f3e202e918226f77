#include <cgw.h>
#include <cgw/crypto.h>
#include <string.h>

typedef struct App {
    cgw_keys *keys;
} App;
CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    app->keys = cgw_keys_env(boot, "SHOP_SECRET");
    return app->keys ? 0 : -1;
}

static void stop(App *app)
{
    (void)app;
}

CGW_GET(invite, "/invite/{mail}")
{
    const char *mail = cgw_path(req, "mail");
    const char *token = cgw_sign(req, cgw_state(req, App)->keys, "invitation",
                                 ((cgw_str){mail, strlen(mail)}), .max_age = 24 * 3600);
    if (!token)
        return cgw_error(req, CGW_ENOMEM);
    return cgw_text(req, 200, "%s\n", cgw_url_for(req, "join", "token", token));
}

CGW_GET(join, "/join")
{
    cgw_str mail;
    const char *token = cgw_query(req, "token");
    if (cgw_unsign(req, cgw_state(req, App)->keys, "invitation", token, &mail) != CGW_OK)
        return cgw_fail(req, 403, "this invitation is not, or no longer, good");
    return cgw_text(req, 200, "welcome, %s\n", mail.ptr);
}
