/*
 * Databases (libcgw-sql, pkg-config cgw-sql). One API by URL; today SQLite: "sqlite:items.db",
 * "sqlite::memory:". Statements run on threads of the database's own; who asks suspends.
 *
 *     static int start(cgw_boot *boot, App *app)
 *     {
 *         app->db = cgw_db_open(boot, "sqlite:items.db", .migrations = migrations);
 *         return app->db ? 0 : -1;
 *     }
 *
 *     CGW_GET(get_item, "/items/{id:int}", .reply = Item_model)
 *     {
 *         Item item;
 *         int rows = cgw_one(req, cgw_state(req, App)->db, Item, &item,
 *                            "SELECT id, name, price FROM items WHERE id = ?", cgw_path_i64(req,
 * "id")); CGW_TRY(req, rows); return rows ? cgw_json(req, 200, Item, &item) : cgw_fail(req, 404,
 * "no such item");
 *     }
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_SQL_H
#define CGW_SQL_H
#include <cgw/lifespan.h>

/* A database, or, in the function of a transaction, that transaction. */
typedef struct cgw_db cgw_db;

#endif
