/*
 * JSON text into a tree of json-c's, and such a tree into text: read by our own reader, since
 * json-c's takes what is no JSON, and written by our own writer, since json-c's prints doubles at
 * length. Trees count their references without locks: one thread at a time has a tree. [any-thread]
 */
#ifndef MODEL_JSON_TREE_H
#define MODEL_JSON_TREE_H
#include "model/model.h"
#include <json-c/json.h>

/*
 * The whole text as *ret_tree, a reference of the caller's; null is NULL. Of a key that comes twice
 * the last counts. Whole numbers beyond 64 bits are doubles; half a surrogate pair is U+FFFD.
 * max_bytes: what the tree may take, about; one of empty objects takes 300 times its text.
 * CGW_OK; CGW_EINVALID: see errors (no JSON, a number beyond doubles, a key with U+0000);
 * CGW_ETOOBIG; CGW_ENOMEM.
 */
int json_tree_read(cgw_str text, size_t max_bytes, const struct model_place *root,
                   struct model_errors *errors, struct json_object **ret_tree) CGW_MUST_USE;

#define JSON_TREE_DEPTH 80 /* deeper than is read: what was read may be wrapped */

/*
 * Compact; keys in their order, doubles as json_write_double() has them, whatever serializers were
 * set. out->status: besides the buffer's own, CGW_EINVAL: deeper than JSON_TREE_DEPTH.
 */
void json_tree_write(struct json_object *tree, struct buffer *out);
#endif
