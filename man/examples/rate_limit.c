#include <cgw.h>

CGW_TRUSTED_HOSTS(hosts, "shop.example", "*.shop.example");
CGW_HTTPS_REDIRECT(https);
CGW_RATE_LIMIT(limit, .requests = 100, .seconds = 60, .burst = 20);
CGW_RATE_LIMIT(logins, .requests = 5, .seconds = 300);
CGW_APPLICATION(.name = "shop", .middleware = CGW_THROUGH(hosts, https, limit));

CGW_POST(login, "/login", .middleware = CGW_THROUGH(logins))
{
    return cgw_fail(req, 401, "that is not it");
}
