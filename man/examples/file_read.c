#include <cgw.h>
#include <string.h>

/* Small files as a whole. The new one is there at once, or not at all. */
CGW_PUT(set_note, "/notes/{name}")
{
    cgw_str text;
    const char *path = cgw_fmt(req, "notes/%s.txt", cgw_path(req, "name"));
    if (!path || strstr(path, ".."))
        return cgw_fail(req, 404, "no such note");
    CGW_TRY(req, cgw_body_text(req, &text));
    CGW_TRY(req, cgw_file_write(req, path, text, .sync = true));
    return cgw_empty(req, 204);
}

CGW_GET(get_note, "/notes/{name}")
{
    cgw_str text;
    const char *name = cgw_fmt(req, "%s.txt", cgw_path(req, "name"));
    if (!name)
        return cgw_error(req, CGW_ENOMEM);
    CGW_TRY(req, cgw_file_read(req, name, &text, .beneath = "notes", .limit = 1 << 20));
    return cgw_bytes_lent(req, 200, "text/plain; charset=utf-8", text);
}

/* Large ones piece by piece: others are served between two of them. */
CGW_POST(pack, "/log/pack")
{
    CGW_FILE(in);
    CGW_FILE(out);
    cgw_str piece;
    size_t lines = 0;
    CGW_TRY(req, cgw_file_open("app.log", &in));
    CGW_TRY(req, cgw_file_open("app.log.1", &out, .write = true));
    do {
        CGW_TRY(req, cgw_file_next(in, &piece));
        for (size_t i = 0; i < piece.len; i++)
            lines += piece.ptr[i] == '\n';
        CGW_TRY(req, cgw_file_put(out, piece.ptr, piece.len));
    } while (piece.len);
    CGW_TRY(req, cgw_file_close(&out));
    return cgw_text(req, 200, "%zu lines\n", lines);
}
