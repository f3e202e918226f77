/* A login with a form, a hashed password and a session, for the tests. */
#include <cgw.h>
#include <cgw/crypto.h>
#include <string.h>

CGW_SESSIONS(web, .secret_env = "SDK_SESSION_SECRET");
CGW_APPLICATION(.name = "sdk_session", .middleware = CGW_THROUGH(web));

typedef struct App {
    const char *hash; /* of "secret" */
} App;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    if (cgw_password_setup(boot, .memory_bytes = 8 << 20, .passes = 1, .at_once = 2) != 0)
        return -1;
    if (cgw_password_hash(NULL, "secret", &app->hash) != CGW_OK)
        return cgw_boot_fail(boot, "no hash");
    return 0;
}
static void stop(App *app)
{
    (void)app;
}

#define LOGIN(F) F(str, user) F(str, password)
CGW_MODEL(Login, LOGIN)

static cgw_reply login(cgw_request *req)
{
    const Login *form = cgw_form(req, Login);
    const char *hash = strcmp(form->user, "ada") == 0 ? cgw_state(req, App)->hash : NULL;
    CGW_TRY(req, cgw_password_verify(req, hash, form->password));
    CGW_TRY(req, cgw_session_renew(req));
    CGW_TRY(req, cgw_session_set(req, "user", form->user));
    return cgw_redirect(req, 303, "/me");
}
CGW_POST(post_login, "/login", .form = Login_model)
{
    return login(req);
}
CGW_POST(post_login_sync, "/sync/login", .form = Login_model, .mode = CGW_SYNC)
{
    return login(req);
}

CGW_GET(get_me, "/me")
{
    const char *user = cgw_session_get(req, "user");
    return user ? cgw_text(req, 200, "%s", user) : cgw_fail(req, 401, "log in first");
}
CGW_POST(post_logout, "/logout")
{
    CGW_TRY(req, cgw_session_clear(req));
    return cgw_redirect(req, 303, "/ping");
}
CGW_GET(get_count, "/count")
{
    int64_t n = cgw_session_get_i64(req, "n", 0) + 1;
    CGW_TRY(req, cgw_session_set_i64(req, "n", n));
    return cgw_text(req, 200, "%lld", (long long)n);
}
CGW_GET(get_stream, "/stream")
{
    CGW_TRY(req, cgw_session_set(req, "user", "streamed"));
    CGW_TRY(req, cgw_events(req));
    CGW_TRY(req, cgw_event(req, .data = "one"));
    return cgw_stream_end(req);
}
CGW_GET(get_ping, "/ping")
{
    return cgw_text(req, 200, "pong");
}
