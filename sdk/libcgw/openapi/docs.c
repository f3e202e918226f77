/*
 * The routes that the library brings along: the document, and the page that shows it, which is
 * Swagger UI where that is installed and a plain one of ours where it is not. The document is made
 * once; links of the page are relative, so that both work wherever the application is mounted.
 * Files are a fixed list: no part of a request names one. Nothing asks another host for anything.
 */
#include "openapi/docs.h"
#include "openapi/openapi.h"
#include "web/application.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef CGW_SWAGGER_UI_DIR
#define CGW_SWAGGER_UI_DIR "/usr/share/cgw/swagger-ui"
#endif

/* ---- what is there ---- */

struct docs_file {
    const char *name, *type;
    const char *text; /* NULL: it is Swagger UI's, on disk */
    const size_t *len;
};
static const struct docs_file files[] = {
    {"swagger-ui.css", "text/css; charset=utf-8", NULL, NULL},
    {"swagger-ui-bundle.js", "text/javascript; charset=utf-8", NULL, NULL},
    {"favicon-32x32.png", "image/png", NULL, NULL},
    {"swagger.js", "text/javascript; charset=utf-8", docs_data_swagger_js,
     &docs_data_swagger_js_len},
    {"plain.js", "text/javascript; charset=utf-8", docs_data_plain_js, &docs_data_plain_js_len},
    {"plain.css", "text/css; charset=utf-8", docs_data_plain_css, &docs_data_plain_css_len},
};
enum { N_FILES = sizeof(files) / sizeof(*files), N_ROUTES = N_FILES + 2 };

/* $CGW_SWAGGER_UI, or where it was installed; NULL: it is not there. Blocks shortly. */
static const char *swagger_ui(cgw_request *req)
{
    const char *folder = getenv("CGW_SWAGGER_UI");
    folder = folder ? folder : CGW_SWAGGER_UI_DIR;
    const char *path = cgw_fmt(req, "%s/swagger-ui-bundle.js", folder);
    return path && access(path, R_OK) == 0 ? folder : NULL;
}

static const char *openapi_path(const struct cgw_application *application)
{
    return application->openapi ? application->openapi : "/openapi.json";
}

/* "": nowhere, as where there is no document. */
static const char *docs_path(const struct cgw_application *application)
{
    if (!*openapi_path(application))
        return "";
    return application->docs ? application->docs : "/docs";
}

/* ---- answers ---- */

/* A name for the bytes: FNV-1a. */
static const char *tag_of(cgw_request *req, cgw_str bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ (unsigned char)bytes.ptr[i]) * UINT64_C(0x100000001b3);
    return cgw_fmt(req, "\"%llx\"", (unsigned long long)hash);
}

/* A client that has it already is told so: RFC 9110, 13.1.2. */
static bool is_known(cgw_request *req, const char *tag)
{
    const char *known = tag ? cgw_header(req, "if-none-match") : NULL;
    return known && (strstr(known, tag) || strcmp(known, "*") == 0);
}

static void add_fields(cgw_request *req, const char *tag)
{
    (void)cgw_set_header(req, "cache-control", "no-cache");
    (void)cgw_set_header(req, "x-content-type-options", "nosniff");
    if (tag)
        (void)cgw_set_header(req, "etag", tag);
}

static cgw_reply answer(cgw_request *req, const char *type, const char *tag, cgw_str body)
{
    cgw_reply reply =
        is_known(req, tag) ? cgw_empty(req, 304) : cgw_bytes_lent(req, 200, type, body);
    add_fields(req, tag);
    return reply;
}

/* ---- the document ---- */

/* Another root path than the last one's is the business of that request alone. */
static cgw_str document(cgw_request *req)
{
    struct application *application = req->application;
    cgw_str root = req->scope->root_path;
    root = root.ptr ? root : (cgw_str){"", 0};
    if (application->openapi.ptr && match_same(application->openapi_root, root))
        return application->openapi;
    if (application->openapi.ptr)
        return openapi_document(application->matcher, &req->arena, root);
    struct arena *arena = &application->arena;
    const char *copy = arena_copy(arena, root.ptr, root.len);
    application->openapi =
        copy ? openapi_document(application->matcher, arena, root) : (cgw_str){NULL, 0};
    application->openapi_root = (cgw_str){copy, root.len};
    return application->openapi;
}

static cgw_reply serve_document(cgw_request *req)
{
    cgw_str text = document(req);
    if (!text.ptr)
        return cgw_error(req, CGW_ENOMEM);
    return answer(req, "application/json", tag_of(req, text), text);
}

/* ---- files ---- */

static const struct docs_file *file_of(const cgw_request *req)
{
    const struct docs_file *file = files;
    while (strcmp(file->name, strrchr(req->endpoint->path, '/') + 1) != 0)
        file++;
    return file;
}

static int read_all(int fd, char *dst, size_t len)
{
    for (size_t n = 0; n < len;) {
        ssize_t got = read(fd, dst + n, len - n);
        if (got == 0 || (got < 0 && errno != EINTR))
            return CGW_EFAILED;
        n += got > 0 ? (size_t)got : 0;
    }
    return CGW_OK;
}

static cgw_reply serve_descriptor(cgw_request *req, const struct docs_file *file, int fd)
{
    struct stat stat;
    if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode))
        return cgw_fail(req, 404, "Not Found");
    size_t len = (size_t)stat.st_size;
    const char *tag = cgw_fmt(req, "\"%llx-%zx\"", (unsigned long long)stat.st_mtime, len);
    if (is_known(req, tag))
        return answer(req, file->type, tag, (cgw_str){"", 0});
    char *text = cgw_alloc(req, len + 1);
    if (!text)
        return cgw_error(req, CGW_ENOMEM);
    if (read_all(fd, text, len) != CGW_OK)
        return cgw_fail(req, 500, "%s cannot be read", file->name);
    return answer(req, file->type, tag, (cgw_str){text, len});
}

/* On a pool thread. */
static cgw_reply serve_file(cgw_request *req)
{
    const struct docs_file *file = file_of(req);
    if (file->text) {
        cgw_str text = {file->text, *file->len};
        return answer(req, file->type, tag_of(req, text), text);
    }
    const char *folder = swagger_ui(req);
    const char *path = folder ? cgw_fmt(req, "%s/%s", folder, file->name) : NULL;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return cgw_fail(req, 404, "Not Found");
    cgw_reply reply = serve_descriptor(req, file, fd);
    close(fd);
    return reply;
}

/* ---- the page ---- */

static void add_escaped(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("&<>\"", *text))
            buffer_printf(out, "&#%d;", *text);
        else
            buffer_add_char(out, *text);
    }
}

/* From the page at /a/docs to /a/openapi.json: "./openapi.json"; without the dot a colon in a name
   would end a scheme. */
static void add_relative(struct buffer *out, const char *from, const char *to)
{
    size_t same = 0;
    for (size_t i = 0; from[i] && from[i] == to[i]; i++)
        same = from[i] == '/' ? i + 1 : same;
    if (!strchr(from + same, '/'))
        buffer_add_literal(out, "./");
    for (const char *c = from + same; *c; c++)
        if (*c == '/')
            buffer_add_literal(out, "../");
    add_escaped(out, to + same);
}

static void add_head(struct buffer *out, const struct cgw_application *application)
{
    buffer_add_literal(out, "<!doctype html>\n<html lang=\"en\" data-openapi=\"");
    add_relative(out, docs_path(application), openapi_path(application));
    buffer_add_literal(out, "\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                            "content=\"width=device-width, initial-scale=1\">\n<title>");
    add_escaped(out, application->name ? application->name : "cgw application");
    buffer_add_literal(out, "</title>\n");
}

/* Around the name of a file that lies below the page. */
static void add_link(struct buffer *out, const struct cgw_application *application,
                     const char *before, const char *file, const char *behind)
{
    const char *folder = strrchr(docs_path(application), '/') + 1;
    buffer_printf(out, "%s./", before);
    add_escaped(out, folder);
    buffer_printf(out, "%s%s%s", *folder ? "/" : "", file, behind);
}

static void add_page(struct buffer *out, const struct cgw_application *application, bool has_ui)
{
    const char *css = "<link rel=\"stylesheet\" href=\"", *js = "<script src=\"";
    const char *script_end = "\"></script>\n";
    add_head(out, application);
    if (!has_ui) {
        buffer_add_literal(out, "<link rel=\"icon\" href=\"data:,\">\n");
        add_link(out, application, css, "plain.css", "\">\n");
        buffer_add_literal(out, "<main id=\"plain\"><noscript>This page is made by a script."
                                "</noscript></main>\n");
        add_link(out, application, js, "plain.js", script_end);
        return;
    }
    add_link(out, application, "<link rel=\"icon\" type=\"image/png\" href=\"", "favicon-32x32.png",
             "\">\n");
    add_link(out, application, css, "swagger-ui.css", "\">\n");
    buffer_add_literal(out, "<div id=\"swagger-ui\"></div>\n");
    add_link(out, application, js, "swagger-ui-bundle.js", script_end);
    add_link(out, application, js, "swagger.js", script_end);
}

/* Swagger UI sets styles of elements and draws pictures that it has in itself; scripts are files,
   and requests go where the application's own servers are. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self' "
                             "'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
                             "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

struct page {
    cgw_request *req;
    bool has_ui;
    cgw_str text;
};

static int make_page(void *arg)
{
    struct page *page = arg;
    struct buffer out = BUFFER_IN(&page->req->arena);
    add_page(&out, page->req->application->declared, page->has_ui);
    page->text = buffer_text(&out);
    return CGW_OK;
}

/* On a pool thread. */
static cgw_reply serve_page(cgw_request *req)
{
    struct page page = {.req = req, .has_ui = swagger_ui(req) != NULL};
    (void)request_do(req, make_page, &page);
    if (!page.text.ptr)
        return cgw_error(req, CGW_ENOMEM);
    cgw_reply reply = answer(req, "text/html; charset=utf-8", NULL, page.text);
    (void)cgw_set_header(req, "content-security-policy", policy);
    return reply;
}

/* ---- routes ---- */

static bool check_path(struct matcher *matcher, const char *name, const char *path)
{
    if (!*path || (*path == '/' && !strpbrk(path, "{}?#")))
        return true;
    return match_load_fail(matcher,
                           "CGW_APPLICATION(%s = \"%s\"): it begins with '/' and has no "
                           "parameters; \"\" switches it off",
                           name, path);
}

static struct cgw_endpoint endpoint(const char *path, const char *name, cgw_handler_fn *fn,
                                    int mode)
{
    return (struct cgw_endpoint){.method = "GET",
                                 .fn = fn,
                                 .path = path,
                                 .name = name,
                                 .mode = mode,
                                 .timeout = -1,
                                 .hidden = true,
                                 .function = name,
                                 .file = "libcgw"};
}

static bool add_files(struct matcher *matcher, const char *page, struct cgw_endpoint *own)
{
    size_t len = strlen(page);
    for (size_t i = 0; i < N_FILES; i++) {
        const char *name = arena_printf(&matcher->arena, "cgw:%s", files[i].name).ptr;
        const char *path =
            arena_printf(&matcher->arena, "%.*s/%s", (int)(page[len - 1] == '/' ? len - 1 : len),
                         page, files[i].name)
                .ptr;
        if (!name || !path)
            return match_load_memory(matcher);
        own[i] = endpoint(path, name, serve_file, CGW_SYNC);
    }
    return true;
}

bool docs_routes(struct matcher *matcher, const struct cgw_endpoint **ret_own, size_t *ret_n)
{
    const char *openapi = openapi_path(matcher->input.application);
    const char *page = docs_path(matcher->input.application);
    struct cgw_endpoint *own = arena_zalloc(&matcher->arena, N_ROUTES * sizeof(*own));
    if (!own)
        return match_load_memory(matcher);
    if (!check_path(matcher, ".openapi", openapi) || !check_path(matcher, ".docs", page))
        return false;
    *ret_own = own;
    *ret_n = 0;
    if (*openapi)
        own[(*ret_n)++] = endpoint(openapi, "cgw:openapi", serve_document, CGW_ON_LOOP);
    if (!*page)
        return true;
    own[(*ret_n)++] = endpoint(page, "cgw:docs", serve_page, CGW_SYNC);
    if (!add_files(matcher, page, own + *ret_n))
        return false;
    *ret_n += N_FILES;
    return true;
}
