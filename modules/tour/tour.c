#include <cgw.h>

#define REVIEW(F)                              \
    F(str, text, .min_len = 1, .max_len = 280) \
    F(i32, stars, .def = 3, .ge = 1, .le = 5)
CGW_MODEL(Review, REVIEW)

CGW_GET(hello, "/hello/{name}")
{
    return cgw_text(req, 200, "Hello, %s!\n", cgw_path(req, "name"));
}

CGW_GET(nap, "/nap/{seconds:float}")
{
    CGW_TRY(req, cgw_sleep(cgw_path_f64(req, "seconds")));
    return cgw_text(req, 200, "slept, and held nobody up\n");
}

CGW_POST(add_review, "/reviews", .body = Review_model)
{
    return cgw_json(req, 201, Review, cgw_body(req, Review));
}
