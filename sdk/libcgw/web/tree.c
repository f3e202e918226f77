/*
 * Trees of a request: see <cgw/tree.h>. The request knows the roots it has a reference of, so that
 * a tree is never put twice, and on which thread each was made, so that a debug run sees one that
 * wanders. Putting them, when the request is over, is the loop's: nobody else has them any more.
 */
#include "model/json_tree.h"
#include "web/application.h"
#include <cgw/tree.h>
#include <pthread.h>
#include <stdlib.h>

struct tree {
    struct tree *next;
    struct json_object *root; /* NULL: put */
    pthread_t made_on;
};

struct keep {
    cgw_request *req;
    struct json_object *root;
    struct tree *tree; /* to be added where there is none */
};

static struct tree *find(const cgw_request *req, const struct json_object *root)
{
    struct tree *tree = req->trees;
    while (tree && tree->root != root)
        tree = tree->next;
    return tree;
}

/* A debug run ends here. */
static void check_thread(const cgw_request *req, const struct tree *tree)
{
    if (!req->runtime->is_debug || pthread_equal(tree->made_on, pthread_self()))
        return;
    runtime_log(req->runtime, req->call, CGW_LOG_ERROR,
                "a tree that was made on one thread is used on another: see cgw_json(3)");
    abort();
}

static void put(void *arg)
{
    struct tree *tree = arg;
    json_object_put(tree->root);
    tree->root = NULL;
}

static int do_find(void *arg)
{
    struct keep *keep = arg;
    keep->tree = find(keep->req, keep->root);
    return CGW_OK;
}

static int do_add(void *arg)
{
    const struct keep *keep = arg;
    keep->tree->next = keep->req->trees;
    keep->req->trees = keep->tree;
    return CGW_OK;
}

struct json_object *cgw_tree_keep(cgw_request *req, struct json_object *tree)
{
    struct keep keep = {.req = req, .root = tree};
    if (!tree)
        return NULL;
    (void)request_do(req, do_find, &keep);
    if (keep.tree) {
        check_thread(req, keep.tree);
        return tree;
    }
    keep.tree = cgw_alloc(req, sizeof *keep.tree);
    if (!keep.tree) {
        json_object_put(tree);
        return NULL;
    }
    *keep.tree = (struct tree){.root = tree, .made_on = pthread_self()};
    cgw_defer(req, put, keep.tree);
    if (!keep.tree->root) /* there was no memory for it: it was put at once */
        return NULL;
    (void)request_do(req, do_add, &keep);
    return tree;
}

/* Errors are the array of a "detail". */
static int read_tree(cgw_request *req, cgw_str json, const struct model_place *root,
                     struct json_object **ret_tree, cgw_str *ret_detail)
{
    struct arena arena = {0}; /* not the request's, which other threads may use meanwhile */
    struct model_errors errors;
    struct json_object *tree;
    model_errors_init(&errors, &arena);
    int status = json_tree_read(json, CGW_TREE_BYTES, root, &errors, &tree);
    if (status == CGW_EINVALID && ret_detail) {
        cgw_str detail = model_errors_array(&errors);
        char *copy = detail.ptr ? cgw_dup(req, detail.ptr, detail.len) : NULL;
        *ret_detail = (cgw_str){copy, detail.len};
        status = copy ? status : CGW_ENOMEM;
    }
    arena_fini(&arena);
    if (status)
        return status;
    if (tree && !cgw_tree_keep(req, tree))
        return CGW_ENOMEM;
    *ret_tree = tree;
    return CGW_OK;
}

int cgw__tree(cgw_request *req, struct json_object **ret_tree, const struct cgw_site *site)
{
    static const struct model_place root = {.key = "body", .key_len = 4};
    cgw_str body, detail;
    int status = cgw__body_text(req, &body, site);
    if (status)
        return status;
    status = read_tree(req, body, &root, ret_tree, &detail);
    if (status != CGW_EINVALID)
        return status;
    (void)failure_prepare(req, 422, status, NULL, detail);
    return CGW_EFAILED;
}

int cgw_tree_parse(cgw_request *req, cgw_str json, struct json_object **ret_tree,
                   cgw_str *ret_detail)
{
    return read_tree(req, json, NULL, ret_tree, ret_detail);
}

cgw_reply cgw_json_tree(cgw_request *req, int status, struct json_object *tree)
{
    struct arena arena = {0};
    struct buffer out = BUFFER_IN(&arena);
    if (tree && !cgw_tree_keep(req, tree))
        return cgw_error(req, CGW_ENOMEM);
    json_tree_write(tree, &out);
    cgw_str text = buffer_text(&out);
    char *copy = text.ptr ? cgw_dup(req, text.ptr, text.len) : NULL;
    int error = out.status ? out.status : copy ? CGW_OK : CGW_ENOMEM;
    arena_fini(&arena);
    return error ? cgw_error(req, error) : cgw_json_text(req, status, (cgw_str){copy, text.len});
}
