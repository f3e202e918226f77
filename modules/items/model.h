/*
 * What an item is, and how it looks as JSON: read from a request with every fault named, written
 * for a reply. json-c's objects stay inside the call that made them.
 */
#ifndef ITEMS_MODEL_H
#define ITEMS_MODEL_H
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_NAME_MAX = 80 }; /* characters */
#define MODEL_PRICE_MAX 1e15  /* below this a double tells cents apart */

/* The fields of a request; what it does not name is absent. Texts belong to the parsed body. */
struct model {
    bool has_name, has_price, has_tags;
    const char *name;
    int name_len; /* bytes */
    double price;
    const char *tags; /* a JSON array of strings, as text */
};

/* An item as it is stored. Texts are the store's, valid inside the callback that shows it. */
struct model_row {
    int64_t id;
    const char *name;
    int name_len; /* bytes */
    double price;
    const char *tags;
};

/*
 * Parse one JSON value out of len bytes, which a NUL must follow. 0 and *ret_body (NULL is JSON's
 * null), to be put by the caller; or -1 and *ret_why, static text for the client, NULL where memory
 * ran out.
 */
int model_parse(const char *text, size_t len, struct json_object **ret_body, const char **ret_why);

/*
 * Read the fields of a parsed body; is_partial: none is required. Faults are appended to faults, an
 * array of {"type", "loc", "msg", "input"}. 0, or -1 where memory ran out. *ret_model is to be used
 * only where faults stayed empty; it lives as long as body.
 */
int model_read(struct json_object *body, bool is_partial, struct json_object *faults,
               struct model *ret_model);

/* Append a fault at ["query", field]; an input that is no UTF-8 is not repeated. 0 or -1. */
int model_query_fault(struct json_object *faults, const char *field, const char *msg,
                      const char *input, size_t len);

/* An item as JSON: id, name, price, tags. To be put by the caller; NULL: no memory. */
struct json_object *model_json(const struct model_row *row);
#endif
