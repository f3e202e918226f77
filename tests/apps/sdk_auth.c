/* Every scheme of authentication, for the tests, with clients of others. */
#include <cgw.h>
#include <string.h>

CGW_AUTH_BASIC(staff, .realm = "staff only");
CGW_AUTH_BEARER(api);
CGW_AUTH_API_KEY(by_header, .header = "x-key");
CGW_AUTH_API_KEY(by_query, .query = "key");
CGW_AUTH_API_KEY(by_cookie, .cookie = "key");
CGW_AUTH_PASSWORD(login, .token_url = "/token",
                  .scopes = CGW_SCOPES({"items:read", "see items"},
                                       {"items:write", "change them"}));

typedef struct Staff {
    const char *name;
} Staff;
CGW_DEPENDS(Staff, current_staff, .auth = &staff_auth)
{
    const char *user, *password;
    int status = cgw_auth_basic(req, &staff_auth, &user, &password);
    if (status != CGW_OK)
        return status;
    if (strcmp(user, "ada") != 0 || strcmp(password, "let:me in") != 0)
        return cgw_refuse(cgw_auth_refuse(req, &staff_auth, "Incorrect username or password"));
    out->name = user;
    return 0;
}

CGW_GET(get_staff, "/staff")
{
    const Staff *staff = Staff_need(req);
    return staff ? cgw_text(req, 200, "%s", staff->name) : cgw_done(req);
}

static cgw_reply show(cgw_request *req, const struct cgw_auth *auth)
{
    const char *token = cgw_auth_token(req, auth);
    return token ? cgw_text(req, 200, "%s", token) : cgw_done(req);
}
CGW_GET(get_api, "/api")
{
    return show(req, &api_auth);
}
CGW_GET(get_header, "/header")
{
    return show(req, &by_header_auth);
}
CGW_GET(get_query, "/query")
{
    return show(req, &by_query_auth);
}
CGW_GET(get_cookie, "/cookie")
{
    return show(req, &by_cookie_auth);
}

/* ---- OAuth2: what is asked for is granted; the token is its list ---- */

CGW_POST(token, "/token", .form = cgw_password_form_model, .reply = cgw_token_model)
{
    const cgw_password_form *form = cgw_form(req, cgw_password_form);
    if (strcmp(form->username, "ada") != 0 || strcmp(form->password, "secret") != 0)
        return cgw_auth_refuse(req, &login_auth, "Incorrect username or password");
    char *granted = cgw_fmt(req, "%s", form->scope ? form->scope : "none");
    for (char *c = granted; c && *c; c++)
        *c = *c == ' ' ? '+' : *c;
    return cgw_auth_grant(req, &(cgw_token){.access_token = granted, .scope = form->scope});
}

typedef struct Reader {
    const char *granted;
} Reader;
CGW_DEPENDS(Reader, current_reader, .auth = &login_auth)
{
    const char *token = cgw_auth_token(req, &login_auth);
    char *granted = token ? cgw_fmt(req, "%s", token) : NULL;
    if (!granted)
        return CGW_EFAILED;
    for (char *c = granted; *c; c++)
        *c = *c == '+' ? ' ' : *c;
    out->granted = granted;
    return cgw_auth_allows(req, &login_auth, granted) ? 0 : CGW_EFAILED;
}
CGW_ROUTER(items, "/items", .scopes = "items:read", .depends = CGW_USES(current_reader));
CGW_GET(list_items, "", .router = &items_router)
{
    return cgw_text(req, 200, "items");
}
CGW_POST(create_item, "", .router = &items_router, .scopes = "items:write", .mode = CGW_SYNC)
{
    return cgw_text(req, 201, "made");
}
