/* What is done for each method on /items and /items/{id}. Each ends its call. [thread of the call]
 */
#ifndef ITEMS_ROUTES_H
#define ITEMS_ROUTES_H
#include "store.h"
#include <cgw/abi.h>

struct request {
    struct cgw_call *call;
    struct store *store;
    int64_t id; /* of /items/{id}; 0 for /items */
};

typedef void route_fn(struct request *request);
route_fn routes_create, routes_list, routes_read, routes_replace, routes_change, routes_delete;

/* Digits only, from 0 to max. */
bool routes_number(struct cgw_str text, int64_t max, int64_t *ret_value);
#endif
