#include <cgw.h>

#define COLOUR(F)              \
    F(str, name, .min_len = 1) \
    F(u32, rgb, .le = 0xffffff, .def = 0)
CGW_MODEL(Colour, COLOUR)

CGW_GET(page, "/")
{
    cgw_set_cookie(req, "seen", "yes", .max_age = 86400);
    return cgw_html(req, 200, "<p>You come from %s with %s.</p>\n", cgw_client(req),
                    cgw_html_escape(req, cgw_header(req, "user-agent")));
}

CGW_GET(colours, "/colours")
{
    static const Colour all[] = {{.name = "red", .rgb = 0xff0000}, {.name = "blue", .rgb = 0xff}};
    cgw_set_header(req, "cache-control", "max-age=60");
    return cgw_json_list(req, 200, Colour, all, sizeof(all) / sizeof(*all));
}

CGW_POST(add, "/colours", .body = Colour_model, .status = 201)
{
    return cgw_json(req, 0, Colour, cgw_body(req, Colour));
}

CGW_GET(old, "/colors")
{
    return cgw_redirect(req, 308, "/colours");
}

CGW_GET(pixel, "/pixel.gif")
{
    static const char gif[] = "GIF89a\1\0\1\0\200\0\0\0\0\0\377\377\377!\371\4\1\0\0\0\0,\0\0\0\0\1"
                              "\0\1\0\0\2\2D\1\0;";
    return cgw_bytes_lent(req, 200, "image/gif", (cgw_str){gif, sizeof(gif) - 1});
}
