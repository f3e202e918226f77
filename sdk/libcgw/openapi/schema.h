/* Models as JSON Schema (2020-12): what a field is held to is what its schema says. */
#ifndef OPENAPI_SCHEMA_H
#define OPENAPI_SCHEMA_H
#include "openapi/json_out.h"
#include "openapi/names.h"

/* A document that grows, and the components it has referred to. */
struct schema_out {
    struct buffer out;
    struct names names;
};

/* "item_id" to "Item Id", as a member of that key. */
void schema_title(struct buffer *out, const char *key, const char *name);
/* A field's name where it is sent; of a header its underscores are hyphens, but for an alias. */
const char *schema_field_name(const struct cgw_field *field);
/* May it be left out? */
bool schema_is_required(const struct cgw_field *field);
/* One field; a parameter is text, so it is never null. */
void schema_field(struct schema_out *doc, const char *key, const struct cgw_field *field,
                  bool is_parameter);
/* {"$ref":...} to it, or a list of such. */
void schema_reference(struct schema_out *doc, const char *key, const cgw_model *model);
void schema_list(struct schema_out *doc, const char *key, const cgw_model *model,
                 const char *title);
/* All that were referred to, and what those refer to, as members of an object that is open. */
void schema_components(struct schema_out *doc);
#endif
