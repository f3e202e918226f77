/* items: a small shop over SQLite; CGW_ITEMS_DB is its URL. cgw-serve items.so, then see /docs. */
#include <cgw.h>
#include <cgw/sql.h>

#define ITEM_IN(F)                                             \
    F(str, name, .min_len = 1, .max_len = 80, .doc = "unique") \
    F(f64, price, .ge = 0) F(list(str), tags, .opt = true, .max_items = 20)
CGW_MODEL(ItemIn, ITEM_IN)
#define ITEM(F) F(i64, id) ITEM_IN(F)
CGW_MODEL(Item, ITEM)
#define TAKEN "the name is taken by another item"

typedef cgw_db *Db;
#define DB(req) (*cgw_state(req, Db))
CGW_LIFESPAN(Db, start, stop);
static int start(cgw_boot *boot, Db *db)
{
    *db = cgw_db_open(boot, "sqlite:items.db", .env = "CGW_ITEMS_DB",
                      .schema = "CREATE TABLE IF NOT EXISTS items(id INTEGER PRIMARY KEY,"
                                " name TEXT NOT NULL UNIQUE, price REAL NOT NULL, tags TEXT)");
    return *db ? 0 : -1;
}
static void stop(Db *db)
{
    cgw_db_close(*db);
}
static cgw_reply save(cgw_request *req, int64_t id, const char *sql)
{
    const ItemIn *in = cgw_body(req, ItemIn);
    Item item = {.id = id, .name = in->name, .price = in->price, .tags = in->tags};
    CGW_FOUND(req, cgw_put(req, DB(req), Item, &item, id ? NULL : &item.id, sql), "no such item");
    return cgw_json(req, 0, Item, &item);
}
CGW_POST(add, "/items", .body = ItemIn_model, .reply = Item_model, .status = 201, .conflict = TAKEN)
{
    return save(req, 0, "INSERT INTO items(name, price, tags) VALUES (:name, :price, :tags)");
}
CGW_PUT(replace, "/items/{id:int}", .body = ItemIn_model, .reply = Item_model, .conflict = TAKEN)
{
    return save(req, cgw_path_i64(req, "id"),
                "UPDATE items SET name = :name, price = :price, tags = :tags WHERE id = :id");
}
CGW_GET(list, "/items", .reply_list = Item_model)
{
    return cgw_json_select(req, 200, DB(req), Item, "SELECT * FROM items ORDER BY id");
}
CGW_GET(find, "/items/{id:int}", .reply = Item_model)
{
    Item item;
    int64_t id = cgw_path_i64(req, "id");
    int rows = cgw_one(req, DB(req), Item, &item, "SELECT * FROM items WHERE id = ?", id);
    CGW_FOUND(req, rows, "no such item");
    return cgw_json(req, 200, Item, &item);
}
CGW_DELETE(delete, "/items/{id:int}", .status = 204)
{
    int64_t id = cgw_path_i64(req, "id");
    CGW_FOUND(req, cgw_exec(req, DB(req), "DELETE FROM items WHERE id = ?", id), "no such item");
    return cgw_empty(req, 204);
}
