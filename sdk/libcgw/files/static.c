/*
 * Directories that are served: each is a route with the rest of the path as its parameter, and a
 * part of the application, whose directory is opened when a worker starts. That rest is decoded
 * once, so that a "%2f" is a slash by now, and is never decoded again.
 */
#include "files/file_reply.h"
#include "files/negotiate.h"
#include "web/application.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One request. */
struct asked {
    cgw_request *req;
    const struct cgw_static *what;
    const struct root *root;
    struct cgw_site site;
};

/* ---- start and stop ---- */

static const char *directory_of(const struct cgw_static *what)
{
    const char *other = what->env ? getenv(what->env) : NULL;
    return other && *other ? other : what->directory;
}

int cgw__static_start(cgw_boot *boot, const struct cgw__part *part, void **ret_state)
{
    const struct cgw_static *what = part->what;
    const char *directory = directory_of(what);
    struct root *root = cgw_boot_alloc(boot, sizeof(*root));
    int error = root ? root_open(directory, root) : -ENOMEM;
    if (error < 0)
        return cgw_boot_fail(boot, "%s:%d: CGW_STATIC(%s): %s%s%s: %s", what->route.file,
                             what->route.line, what->name, what->env ? what->env : "",
                             what->env ? "=" : "", directory, strerror(-error));
    *ret_state = root;
    return 0;
}

void cgw__static_stop(void *state)
{
    root_close(state);
}

/* ---- what is found ---- */

static int open_path(const struct asked *asked, const char *path, struct opened *ret)
{
    return root_is_plain(path) ? opened_open(asked->root, path, &asked->site, ret) : CGW_ENOENT;
}

/* A regular file only. */
static int open_file(const struct asked *asked, const char *path, struct opened *ret)
{
    struct opened opened;
    int status = open_path(asked, path, &opened);
    if (status != CGW_OK)
        return status;
    if (S_ISREG(opened.info.st_mode)) {
        *ret = opened;
        return CGW_OK;
    }
    close(opened.fd);
    return CGW_ENOENT;
}

struct coding {
    const char *name, *extension;
};

/* The one that the client would rather have, of those there are; of two it likes as much, br. */
static const char *take_variant(const struct asked *asked, const char *path, struct opened *opened)
{
    static const struct coding br = {"br", ".br"}, gzip = {"gzip", ".gz"};
    const struct cgw_scope *scope = asked->req->scope;
    int weights[] = {negotiate_encoding(scope->headers, scope->n_headers, br.name),
                     negotiate_encoding(scope->headers, scope->n_headers, gzip.name)};
    bool is_gzip_first = weights[1] > weights[0];
    const struct coding *codings[] = {is_gzip_first ? &gzip : &br, is_gzip_first ? &br : &gzip};
    for (size_t i = 0; i < 2; i++) {
        struct opened variant;
        if (!weights[codings[i] == &gzip])
            continue;
        const char *name = cgw_fmt(asked->req, "%s%s", path, codings[i]->extension);
        if (!name || open_file(asked, name, &variant) != CGW_OK)
            continue;
        close(opened->fd);
        *opened = variant;
        return codings[i]->name;
    }
    return NULL;
}

static struct cgw_file_options found(const struct asked *asked)
{
    return (struct cgw_file_options){.cache_control = asked->what->cache_control};
}

static cgw_reply send_file(const struct asked *asked, const char *path, struct opened opened,
                           struct cgw_file_options options, const char *vary)
{
    struct file_reply recipe = {.req = asked->req,
                                .opened = opened,
                                .path = path,
                                .options = &options,
                                .vary = vary,
                                .site = &asked->site};
    if (asked->what->precompressed) {
        recipe.encoding = take_variant(asked, path, &recipe.opened);
        recipe.vary = vary ? "accept-encoding, accept" : "accept-encoding";
    }
    return file_reply(&recipe);
}

/* ---- what is not ---- */

static cgw_reply answer_none(const struct asked *asked, int code)
{
    const struct cgw_static *what = asked->what;
    const struct cgw_scope *scope = asked->req->scope;
    struct opened opened;
    if (code != CGW_ENOENT)
        return file_reply_error(asked->req, code, &asked->site);
    if (what->spa && negotiate_is_page(scope->headers, scope->n_headers) &&
        open_file(asked, what->spa, &opened) == CGW_OK)
        return send_file(asked, what->spa, opened,
                         (struct cgw_file_options){.cache_control = "no-cache", .status = 200},
                         "accept");
    if (what->not_found && open_file(asked, what->not_found, &opened) == CGW_OK)
        return send_file(asked, what->not_found, opened, (struct cgw_file_options){.status = 404},
                         NULL);
    return cgw__error(asked->req, CGW_ENOENT, &asked->site);
}

/* ---- folders ---- */

/* Where the same lies with a slash behind it: as the client wrote it. */
static cgw_reply redirect(const struct asked *asked)
{
    cgw_request *req = asked->req;
    cgw_str path = req->scope->raw_path.len ? req->scope->raw_path : req->scope->path;
    cgw_str query = req->scope->query;
    return cgw_redirect(req, 301,
                        cgw_fmt(req, "%.*s/%s%.*s", (int)path.len, path.ptr, query.len ? "?" : "",
                                (int)query.len, query.ptr));
}

static cgw_reply send_index(const struct asked *asked, const char *folder)
{
    const char *index = asked->what->index ? asked->what->index : "index.html";
    struct opened opened;
    const char *path = cgw_fmt(asked->req, "%s%s", folder, index);
    int status = !path ? CGW_ENOMEM : *index ? open_file(asked, path, &opened) : CGW_ENOENT;
    if (status != CGW_OK)
        return answer_none(asked, status);
    return send_file(asked, path, opened, found(asked), NULL);
}

cgw_reply cgw__static(cgw_request *req, const struct cgw__part *part, const char *path)
{
    const struct cgw_static *what = part->what;
    const struct cgw_endpoint *route = &what->route;
    const struct asked asked = {
        req, what, part_state(req->application, part), {route->file, route->function, route->line}};
    struct opened opened;
    size_t len = strlen(path);
    int status = asked.root ? open_path(&asked, path, &opened) : CGW_EIO;
    if (status != CGW_OK)
        return answer_none(&asked, status);
    if (S_ISREG(opened.info.st_mode))
        return send_file(&asked, path, opened, found(&asked), NULL);
    close(opened.fd);
    return len && path[len - 1] != '/' ? redirect(&asked) : send_index(&asked, path);
}
