#include <cgw.h>

CGW_CONVERTER(year)
{
    bool is_number = segment.len == 4;
    for (size_t i = 0; i < segment.len; i++)
        is_number = is_number && segment.ptr[i] >= '0' && segment.ptr[i] <= '9';
    return is_number;
}

CGW_ROUTER(api, "/api", .timeout = 5);
CGW_ROUTER(shelf, "/shelves/{shelf:int}", .parent = &api_router);

CGW_GET(hello, "/hello/{name}")
{
    return cgw_text(req, 200, "Hello, %s!\n", cgw_path(req, "name"));
}

CGW_GET(books, "/books/{year:year}", .router = &shelf_router)
{
    int64_t shelf = cgw_path_i64(req, "shelf");
    return cgw_text(req, 200, "books of %s on shelf %lld\n", cgw_path(req, "year"),
                    (long long)shelf);
}

CGW_POST(add_book, "/books", .router = &shelf_router, .mode = CGW_SYNC, .max_body = 4096)
{
    const char *at = cgw_url_for(req, "books", "shelf", cgw_path(req, "shelf"), "year", "2026");
    if (at)
        cgw_add_header(req, "location", at);
    return cgw_empty(req, 201);
}
