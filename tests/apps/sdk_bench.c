/* What the benchmark asks of the SDK; tests/bench/bench_fastapi.py answers the same. */
#include <cgw.h>

CGW_GET(hello, "/")
{
    return cgw_text(req, 200, "Hello, world!\n");
}

CGW_GET(hello_sync, "/sync", .mode = CGW_SYNC)
{
    return cgw_text(req, 200, "Hello, world!\n");
}

#define ITEM_IN(F)                                  \
    F(str, name, .min_len = 1, .max_len = 80)       \
    F(f64, price, .gt = 0)                          \
    F(list(str), tags, .opt = true, .max_items = 8) \
    F(bool, in_stock)
CGW_MODEL(ItemIn, ITEM_IN)

#define ITEM(F) F(i64, id) ITEM_IN(F)
CGW_MODEL(Item, ITEM)

CGW_GET(get_item, "/items/{id:int}", .reply = Item_model)
{
    const char *tags[] = {"blue", "office"};
    Item item = {.id = cgw_path_i64(req, "id"),
                 .name = "fountain pen",
                 .price = 12.5,
                 .tags = {tags, 2},
                 .in_stock = true};
    return cgw_json(req, 200, Item, &item);
}

CGW_POST(create_item, "/items", .body = ItemIn_model, .reply = Item_model, .status = 201)
{
    const ItemIn *in = cgw_body(req, ItemIn);
    Item item = {
        .id = 1, .name = in->name, .price = in->price, .tags = in->tags, .in_stock = in->in_stock};
    return cgw_json(req, 201, Item, &item);
}

CGW_APPLICATION(.name = "bench");
