#include <cgw.h>

CGW_APPLICATION(.name = "shop", .version = "1.4", .doc = "Pens and paper.");

#define ITEM(F)                                                                        \
    F(str, name, .min_len = 1, .doc = "shown in lists", .example = "\"fountain pen\"") \
    F(f64, price, .gt = 0)
CGW_MODEL(Item, ITEM)

CGW_ROUTER(items, "/items", .tag = "items");

CGW_GET(get_item, "/{id:int}", .router = &items_router, .reply = Item_model,
        .doc = "One item, as it is in the shop today.",
        .replies = CGW_REPLIES({404, "no such item", NULL}))
{
    if (cgw_path_i64(req, "id") != 1)
        return cgw_fail(req, 404, "no item %s", cgw_path(req, "id"));
    return cgw_json(req, 0, Item, (&(Item){.name = "pencil", .price = 0.8}));
}

CGW_POST(add_item, "", .router = &items_router, .body = Item_model, .reply = Item_model,
         .status = 201, .conflict = "there is an item of that name",
         .example = "{\"name\": \"brush\", \"price\": 3.5}")
{
    return cgw_json(req, 0, Item, cgw_body(req, Item));
}

CGW_GET(health, "/health", .hidden = true)
{
    return cgw_text(req, 200, "well\n");
}
