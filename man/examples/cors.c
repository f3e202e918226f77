#include <cgw.h>

CGW_CORS(open, .origins = CGW_LIST("*"));
CGW_CORS(shop, .origins = CGW_LIST("https://shop.example", "https://*.shop.example"),
         .methods = CGW_LIST("GET", "POST", "DELETE"), .headers = CGW_LIST("X-Token"),
         .expose = CGW_LIST("X-Total"), .credentials = true);

CGW_ROUTER(news, "/news", .middleware = CGW_THROUGH(open));
CGW_ROUTER(orders, "/orders", .middleware = CGW_THROUGH(shop));

CGW_GET(latest, "/latest", .router = &news_router)
{
    return cgw_text(req, 200, "for all the world\n");
}

CGW_DELETE(cancel, "/{id:int}", .router = &orders_router)
{
    return cgw_text(req, 200, "order %ld is canceled\n", (long)cgw_path_i64(req, "id"));
}
