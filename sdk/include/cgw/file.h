/*
 * Files: as replies, as directories that are served, and read and written without holding the loop.
 *
 * What could wait for a disk is done on the thread pool: the task suspends meanwhile, a sync
 * handler blocks. Errors are codes: CGW_ENOENT, CGW_ETOOBIG, CGW_EBUSY where the pool is full,
 * CGW_ENOMEM, why the task was canceled, else minus an errno. A canceled task goes on when the
 * thread has let go of its buffers, never before.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_FILE_H
#define CGW_FILE_H
#include <cgw/route.h>

/* ---- a reply that is one file ---- */

struct cgw_file_options {
    const char *beneath;      /* path is relative to this folder, and leads nowhere else, neither by
                                 ".." nor by links: for names that came from a client */
    const char *content_type; /* NULL: by the extension; text is UTF-8 */
    const char *filename;     /* what a browser is to save it as, UTF-8; NULL: it shows the file */
    bool is_inline;           /* shown all the same; filename is for who saves it */
    const char *cache_control; /* the field; NULL: none */
    int status;                /* 0: the route's .status, else 200; with another one neither
                                  conditions nor ranges are looked at */
};
/*
 * The file at path, with ETag and Last-Modified; to GET and HEAD with If-Match, If-None-Match,
 * If-Modified-Since, If-Unmodified-Since (304, 412), Range and If-Range (206, 416; several ranges
 * are multipart/byteranges, more than a hundred the whole file; what is no range of bytes is 400).
 * The file is opened here and sent behind the handler, by the kernel where the server can; what
 * middleware does to the reply holds, and path may go. Not there, a folder, or no file: 404; not
 * allowed: 403. Suspends where it is not in the kernel's cache. [task]
 */
cgw_reply cgw__file(cgw_request *req, const char *path, struct cgw_file_options options,
                    const struct cgw_site *site) CGW_MUST_USE;
#define cgw_file(req, path, ...) \
    cgw__file((req), (path), (struct cgw_file_options){__VA_ARGS__}, CGW_HERE)

/* ---- directories ---- */

/* What is started with a worker and stopped with it, beside the application's own start(). */
struct cgw__part {
    int (*start)(cgw_boot *boot, const struct cgw__part *part, void **ret_state);
    void (*stop)(void *state);
    const void *what;
};
struct cgw_static {
    struct cgw_endpoint route;    /* .route.router, .route.middleware...: as of any route */
    const char *name, *directory; /* directory: relative to where the server was started */
    const char *env;              /* the variable that says another directory; NULL: none */
    const char *index;            /* what a folder is; NULL: "index.html"; "": it is 404 */
    const char *spa;              /* sent for a path where nothing is, to who wants HTML */
    const char *not_found;        /* the body of a 404; NULL: as all of the application */
    const char *cache_control;    /* of what is found; NULL: none */
    bool precompressed;           /* NAME.br and NAME.gz go to who takes them, as NAME */
};
/*
 * CGW_STATIC(assets, "/assets", "public", .precompressed = true);
 *
 * GET and HEAD of all below the prefix ("": of all that no other route takes), as cgw_file() sends
 * it. A folder without a slash at its end is 301 to the one with it. Names that begin with a dot,
 * links that lead out of the directory, or to such a name, and what is neither file nor folder, are
 * 404. index, spa and not_found are names beneath the directory. A directory that is not there when
 * a worker starts is a failed start. The route's name for cgw_url_for() is name, its parameter
 * "path".
 */
#define CGW_STATIC(name_, prefix_, directory_, ...)                                        \
    static cgw_reply name_(cgw_request *req);                                              \
    static const struct cgw_static name_##_static = {.route.method = "GET",                \
                                                     .route.fn = name_,                    \
                                                     .route.path = prefix_ "/{path:path}", \
                                                     .route.function = #name_,             \
                                                     .route.file = __FILE__,               \
                                                     .route.line = __LINE__,               \
                                                     .route.app = &cgw_app,                \
                                                     .route.hidden = true,                 \
                                                     .name = #name_,                       \
                                                     .directory = (directory_),            \
                                                     ##__VA_ARGS__};                       \
    CGW__SECTION("cgw_routes")                                                             \
    static const struct cgw_endpoint *const name_##_entry = &name_##_static.route;         \
    static const struct cgw__part name_##_part = {cgw__static_start, cgw__static_stop,     \
                                                  &name_##_static};                        \
    CGW__SECTION("cgw_parts")                                                              \
    static const struct cgw__part *const name_##_part_entry = &name_##_part;               \
    static cgw_reply name_(cgw_request *req)                                               \
    {                                                                                      \
        return cgw__static(req, &name_##_part, cgw_path(req, "path"));                     \
    }
int cgw__static_start(cgw_boot *boot, const struct cgw__part *part, void **ret_state);
void cgw__static_stop(void *state);
cgw_reply cgw__static(cgw_request *req, const struct cgw__part *part,
                      const char *path) CGW_MUST_USE;

/* ---- whole files ---- */

struct cgw_file_read_options {
    const char *beneath; /* as of cgw_file() */
    uint64_t limit;      /* bytes; beyond it CGW_ETOOBIG; 0: 16 MiB */
};
/* All of the file, NUL-terminated behind its length; the memory is the request's, or, where req is
   NULL, the task's: in the lifespan's start it lives as long as the worker. Suspends. [task] */
int cgw__file_read(cgw_request *req, const char *path, cgw_str *ret_data,
                   struct cgw_file_read_options options, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_file_read(req, path, ret_data, ...) \
    cgw__file_read((req), (path), (ret_data), (struct cgw_file_read_options){__VA_ARGS__}, CGW_HERE)

struct cgw_file_write_options {
    bool append; /* behind what is there, instead of in its place */
    bool sync;   /* a power cut does not lose it any more when this is over */
    int mode;    /* 0: that of the file in whose place it goes, else 0666 less the umask */
};
/*
 * The file's new content. It is written beside it and renamed when it is whole, so nobody ever sees
 * half of it, and on an error the old one stays; with .append there is none of this. -ENOSPC: the
 * disk is full. Suspends. [task]
 */
int cgw__file_write(cgw_request *req, const char *path, cgw_str data,
                    struct cgw_file_write_options options,
                    const struct cgw_site *site) CGW_MUST_USE;
#define cgw_file_write(req, path, data, ...) \
    cgw__file_write((req), (path), (data), (struct cgw_file_write_options){__VA_ARGS__}, CGW_HERE)

/* ---- piece by piece ---- */

typedef struct cgw_file_stream cgw_file_stream;
struct cgw_file_open_options {
    bool write;          /* as cgw_file_write(); else it is read */
    bool append;         /* the same */
    bool sync;           /* the same */
    int mode;            /* the same */
    const char *beneath; /* as of cgw_file(), to read */
    uint64_t offset;     /* where reading begins, bytes */
    size_t piece;        /* bytes that are read at once; 0: 64 KiB */
};
/* Open it; the result is the caller's until cgw_file_close(). What is no regular file is -EINVAL.
   One task at a time uses it; it may be another one than opened it. Suspends. [task] */
int cgw__file_open(const char *path, cgw_file_stream **ret_file,
                   struct cgw_file_open_options options, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_file_open(path, ret_file, ...) \
    cgw__file_open((path), (ret_file), (struct cgw_file_open_options){__VA_ARGS__}, CGW_HERE)
/* The next piece; it lives until the next call. Length 0: the file is over. Suspends. [task] */
int cgw__file_next(cgw_file_stream *file, cgw_str *ret_piece,
                   const struct cgw_site *site) CGW_MUST_USE;
#define cgw_file_next(file, ret_piece) cgw__file_next((file), (ret_piece), CGW_HERE)
/* Write all of it. Suspends. [task] */
int cgw__file_put(cgw_file_stream *file, const void *ptr, size_t len,
                  const struct cgw_site *site) CGW_MUST_USE;
#define cgw_file_put(file, ptr, len) cgw__file_put((file), (ptr), (len), CGW_HERE)
/* Done with it, whatever the answer; *file becomes NULL, which is fine, too. Only now what was
   written takes its place, unless a cgw_file_put() has failed, which is the answer then. Suspends.
   [task] */
int cgw__file_close(cgw_file_stream **file, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_file_close(file) cgw__file_close((file), CGW_HERE)
/* The same, but what was written is thrown away; does not suspend. For CGW_CLEANUP(). [task] */
void cgw_file_drop(cgw_file_stream **file);
/* CGW_FILE(in); a stream that is NULL, and dropped wherever its block is left. */
#define CGW_FILE(name) CGW_CLEANUP(cgw_file_drop) cgw_file_stream *name = NULL

#endif
