/*
 * files: serves the folder CGW_FILES_ROOT [.], and adds up a file of any size while other requests
 * go on.
 *
 *   CGW_FILES_ROOT=/var/www cgw-serve files.so
 *   curl -r 0-99 http://127.0.0.1:8000/index.html
 *   curl http://127.0.0.1:8000/crc32/disk.img & curl http://127.0.0.1:8000/ping
 */
#include <cgw.h>
#include <stdlib.h>
#include <zlib.h>

CGW_APPLICATION(.name = "files", .openapi = "", .docs = "");
CGW_STATIC(files, "", ".", .env = "CGW_FILES_ROOT", .precompressed = true);

static const char *root(void)
{
    const char *path = getenv("CGW_FILES_ROOT");
    return path && *path ? path : ".";
}

/* Each piece is read by a thread; between two of them, others have their turn on the loop. */
CGW_GET(checksum, "/crc32/{path:path}", .reply_type = "text/plain")
{
    CGW_FILE(file);
    cgw_str piece;
    uLong sum = crc32(0, NULL, 0);
    CGW_TRY(req, cgw_file_open(cgw_path(req, "path"), &file, .beneath = root()));
    do {
        CGW_TRY(req, cgw_file_next(file, &piece));
        sum = crc32(sum, (const Bytef *)piece.ptr, (uInt)piece.len);
    } while (piece.len);
    return cgw_text(req, 200, "%08lx\n", sum);
}

CGW_GET(ping, "/ping", .reply_type = "text/plain")
{
    return cgw_text(req, 200, "pong\n");
}
