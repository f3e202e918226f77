#include <cgw.h>
#include <stdlib.h>

CGW_GET(greet, "/greet/{name}")
{
    const char *language = cgw_query(req, "lang"), *agent = cgw_header(req, "user-agent");
    cgw_log(req, "greeting for %s", agent ? agent : "somebody");
    return cgw_text(req, 200, language ? "Hallo, %s!\n" : "Hello, %s!\n", cgw_path(req, "name"));
}

CGW_POST(count, "/count", .stream = true, .max_body = 1 << 30)
{
    size_t lines = 0;
    for (cgw_str piece;;) {
        CGW_TRY(req, cgw_body_next(req, &piece));
        if (!piece.len)
            break;
        for (size_t i = 0; i < piece.len; i++)
            lines += piece.ptr[i] == '\n';
    }
    return cgw_text(req, 200, "%zu lines\n", lines);
}

CGW_GET(table, "/table")
{
    int *squares = calloc(1000, sizeof(*squares));
    if (!squares)
        return cgw_error(req, CGW_ENOMEM);
    cgw_defer(req, free, squares); /* when the request is over, however it ends */
    for (int i = 0; i < 1000; i++)
        squares[i] = i * i;
    return cgw_text(req, 200, "%d\n", squares[999]);
}
