#include <cgw.h>
#include <string.h>

CGW_AUTH_PASSWORD(login, .token_url = "/token",
                  .scopes = CGW_SCOPES({"orders:read", "see your orders"},
                                       {"orders:write", "order something"}));

/* Who would keep these in a database: see cgw_password(3), cgw_sign(3). */
static const struct account {
    const char *name, *password, *token, *scopes;
} accounts[] = {{"ada", "let me in", "t-ada-1815", "orders:read orders:write"},
                {"bob", "me too", "t-bob-1970", "orders:read"}};

typedef struct User {
    const char *name;
} User;

CGW_DEPENDS(User, current_user, .auth = &login_auth)
{
    const char *token = cgw_auth_token(req, &login_auth);
    if (!token)
        return CGW_EFAILED;
    for (size_t i = 0; i < sizeof(accounts) / sizeof(*accounts); i++)
        if (strcmp(accounts[i].token, token) == 0) {
            out->name = accounts[i].name;
            return cgw_auth_allows(req, &login_auth, accounts[i].scopes) ? 0 : CGW_EFAILED;
        }
    return cgw_refuse(cgw_auth_refuse(req, &login_auth, "this token is not known"));
}

CGW_POST(token, "/token", .form = cgw_password_form_model, .reply = cgw_token_model)
{
    const cgw_password_form *form = cgw_form(req, cgw_password_form);
    for (size_t i = 0; i < sizeof(accounts) / sizeof(*accounts); i++)
        if (strcmp(accounts[i].name, form->username) == 0 &&
            strcmp(accounts[i].password, form->password) == 0)
            return cgw_auth_grant(
                req, &(cgw_token){.access_token = accounts[i].token, .scope = accounts[i].scopes});
    return cgw_auth_refuse(req, &login_auth, "wrong user or password");
}

CGW_ROUTER(orders, "/orders", .scopes = "orders:read", .depends = CGW_USES(current_user));

CGW_GET(list_orders, "", .router = &orders_router)
{
    const User *user = User_need(req);
    return user ? cgw_text(req, 200, "no orders of %s\n", user->name) : cgw_done(req);
}

CGW_POST(create_order, "", .router = &orders_router, .scopes = "orders:write")
{
    return cgw_empty(req, 201);
}

CGW_AUTH_BASIC(staff, .realm = "staff only");

CGW_GET(report, "/report")
{
    const char *user, *password;
    CGW_TRY(req, cgw_auth_basic(req, &staff_auth, &user, &password));
    if (strcmp(user, "eve") != 0 || strcmp(password, "open sesame") != 0)
        return cgw_auth_refuse(req, &staff_auth, "wrong user or password");
    return cgw_text(req, 200, "all is well\n");
}
