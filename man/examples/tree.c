#include <cgw.h>
#include <cgw/tree.h>

/* {"a":{...},"b":1} comes back as {"keys":2,"echo":{"a":{...},"b":1}}. */
CGW_POST(echo, "/echo", .max_body = 65536)
{
    struct json_object *tree;
    CGW_TRY(req, cgw_tree(req, &tree));
    if (!json_object_is_type(tree, json_type_object))
        return cgw_fail(req, 422, "an object is wanted");
    struct json_object *out = json_object_new_object();
    if (!out)
        return cgw_error(req, CGW_ENOMEM);
    json_object_object_add(out, "keys", json_object_new_int(json_object_object_length(tree)));
    json_object_object_add(out, "echo", json_object_get(tree));
    return cgw_json_tree(req, 200, out);
}
