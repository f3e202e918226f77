#include <cgw.h>

/* A page that finds its own way: /users/7 is index.html, and the rest is in the browser. */
CGW_STATIC(page, "", "dist", .spa = "index.html", .env = "SHOP_DIST");

/* What its tools have named by a hash of what it holds never changes, and lies there compressed. */
CGW_STATIC(assets, "/assets", "dist/assets", .precompressed = true,
           .cache_control = "public, max-age=31536000, immutable");

CGW_GET(about, "/api/about")
{
    return cgw_text(req, 200, "%s\n", cgw_url_for(req, "assets", "path", "logo.svg"));
}
