#include <cgw.h>
#include <cgw/crypto.h>
#include <string.h>

/* One account; others keep them in a database. */
typedef struct App {
    char hash[CGW_PASSWORD_HASH_LEN + 1];
} App;
CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    const char *hash;
    if (cgw_password_setup(boot, .memory_bytes = 32 << 20, .passes = 3, .at_once = 2) != 0)
        return -1;
    if (cgw_password_hash(NULL, "let me in", &hash) != CGW_OK)
        return cgw_boot_fail(boot, "the first password could not be hashed");
    memcpy(app->hash, hash, strlen(hash) + 1);
    return 0;
}

static void stop(App *app)
{
    (void)app;
}

#define LOGIN(F)                \
    F(str, user, .max_len = 80) \
    F(str, password, .max_len = 200)
CGW_MODEL(Login, LOGIN)

CGW_POST(login, "/login", .form = Login_model)
{
    App *app = cgw_state(req, App);
    const Login *form = cgw_form(req, Login);
    const char *hash = strcmp(form->user, "ada") == 0 ? app->hash : NULL, *better;
    CGW_TRY(req, cgw_password_verify(req, hash, form->password));
    if (cgw_password_is_outdated(hash) && cgw_password_hash(req, form->password, &better) == CGW_OK)
        memcpy(app->hash, better, strlen(better) + 1);
    return cgw_text(req, 200, "hello, %s\n", form->user);
}
