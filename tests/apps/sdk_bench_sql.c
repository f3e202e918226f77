/* What the benchmark asks of libcgw-sql; tests/bench/bench_fastapi_sql.py answers the same. It
   makes the file, CGW_BENCH_DB is its URL; CGW_BENCH_GROUP is how many writes one commit takes. */
#include <cgw.h>
#include <cgw/sql.h>
#include <stdlib.h>

#define ITEM_IN(F)                            \
    F(str, name, .min_len = 1, .max_len = 80) \
    F(f64, price, .gt = 0)                    \
    F(str, note, .opt = true, .max_len = 500) \
    F(bool, in_stock)
CGW_MODEL(ItemIn, ITEM_IN)
#define ITEM(F) F(i64, id) ITEM_IN(F)
CGW_MODEL(Item, ITEM)

typedef cgw_db *Db;
CGW_LIFESPAN(Db, start, stop);

static int start(cgw_boot *boot, Db *db)
{
    const char *group = getenv("CGW_BENCH_GROUP");
    *db = cgw_db_open(boot, "sqlite:bench.db", .env = "CGW_BENCH_DB",
                      .max_group = group ? (uint32_t)strtoul(group, NULL, 10) : 0);
    return *db ? 0 : -1;
}

static void stop(Db *db)
{
    cgw_db_close(*db);
}

CGW_GET(get_item, "/items/{id:int}", .reply = Item_model)
{
    Item item;
    int rows = cgw_one(req, *cgw_state(req, Db), Item, &item,
                       "SELECT id, name, price, note, in_stock FROM items WHERE id = ?",
                       cgw_path_i64(req, "id"));
    CGW_FOUND(req, rows, "no such item");
    return cgw_json(req, 200, Item, &item);
}

CGW_POST(create_item, "/items", .body = ItemIn_model, .reply = Item_model, .status = 201)
{
    const ItemIn *in = cgw_body(req, ItemIn);
    Item item = {.name = in->name, .price = in->price, .note = in->note, .in_stock = in->in_stock};
    CGW_TRY(req, cgw_put(req, *cgw_state(req, Db), Item, &item, &item.id,
                         "INSERT INTO items(name, price, note, in_stock)"
                         " VALUES (:name, :price, :note, :in_stock)"));
    return cgw_json(req, 201, Item, &item);
}

CGW_APPLICATION(.name = "bench-sql");
