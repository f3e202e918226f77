/*
 * JSON trees of json-c, for what no model describes. Not part of <cgw.h>: link with -ljson-c, which
 * `pkg-config --libs cgw` does where it is needed.
 *
 * Trees count their references without locks: a tree stays on the thread that made it, which is the
 * loop's in an async handler and the pool's in a sync one; never hand one to cgw_blocking() or to a
 * task of a sync handler. A debug run ends where a tree comes back on another thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_TREE_H
#define CGW_TREE_H
#include <cgw/reply.h>
#include <json-c/json.h>

/*
 * The body as a tree, read as strictly as models are: see cgw_json(3). JSON null is NULL. The tree
 * is the request's: do not json_object_put() it. CGW_OK; CGW_EFAILED: it is not JSON, and the 422
 * that says so is prepared, which CGW_TRY() returns; CGW_ETOOBIG: it would take more than
 * CGW_TREE_BYTES; CGW_ENOMEM; what cgw_body_text() answers. Suspends. [task]
 */
#define CGW_TREE_BYTES ((size_t)64 << 20)
int cgw__tree(cgw_request *req, struct json_object **ret_tree,
              const struct cgw_site *site) CGW_MUST_USE;
#define cgw_tree(req, ret_tree) cgw__tree((req), (ret_tree), CGW_HERE)

/* The same of any text. CGW_OK; CGW_EINVALID: the errors are in *ret_detail, where that is not
   NULL, as the JSON array of a 422's "detail"; CGW_ETOOBIG; CGW_ENOMEM. Does not suspend. [task] */
int cgw_tree_parse(cgw_request *req, cgw_str json, struct json_object **ret_tree,
                   cgw_str *ret_detail) CGW_MUST_USE;

/* Give a reference of the caller's to the request, which puts it when it is over; a second time
   does nothing. The tree; NULL: out of memory, and it was put. [task] */
struct json_object *cgw_tree_keep(cgw_request *req, struct json_object *tree);

/*
 * Reply with the tree, compact; NULL is null. The tree is kept as by cgw_tree_keep(): the caller
 * puts nothing, whether it made the tree or has it from cgw_tree(). A part of another tree wants
 * json_object_get() first. A tree of more than 80 levels is a 500. Does not suspend. [task]
 */
cgw_reply cgw_json_tree(cgw_request *req, int status, struct json_object *tree) CGW_MUST_USE;
#endif
