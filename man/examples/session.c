#include <cgw.h>
#include <cgw/crypto.h>

CGW_SESSIONS(web, .secret_env = "SHOP_SECRET", .max_age = 7 * 24 * 3600);
CGW_APPLICATION(.name = "shop", .middleware = CGW_THROUGH(web));

typedef struct Buyer {
    int64_t id;
} Buyer;

CGW_DEPENDS(Buyer, current_buyer)
{
    out->id = cgw_session_get_i64(req, "buyer", -1);
    return out->id < 0 ? cgw_refuse(cgw_fail(req, 401, "log in first")) : 0;
}

/* Behind a password that was right: see cgw_password(3). */
static cgw_reply enter(cgw_request *req, int64_t id)
{
    CGW_TRY(req, cgw_session_renew(req));
    CGW_TRY(req, cgw_session_set_i64(req, "buyer", id));
    return cgw_redirect(req, 303, "/cart");
}

CGW_POST(login, "/login")
{
    return enter(req, 7);
}

CGW_GET(cart, "/cart")
{
    const Buyer *buyer = Buyer_need(req);
    if (!buyer)
        return cgw_done(req);
    const char *colour = cgw_session_get(req, "colour");
    return cgw_text(req, 200, "cart %lld in %s\n", (long long)buyer->id, colour ? colour : "black");
}

CGW_POST(paint, "/colour/{name}")
{
    CGW_TRY(req, cgw_session_set(req, "colour", cgw_path(req, "name")));
    return cgw_empty(req, 204);
}

CGW_POST(logout, "/logout")
{
    CGW_TRY(req, cgw_session_clear(req));
    return cgw_redirect(req, 303, "/cart");
}
