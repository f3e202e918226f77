#include "sql_play.h"
#include <errno.h>
#include <math.h>
#include <string.h>

#define COLOUR(V) V(RED, "red") V(GREEN, "green")
CGW_ENUM(Colour, COLOUR)
#define POINT(F) F(f64, x) F(f64, y)
CGW_MODEL(Point, POINT)
#define THING(F)                        \
    F(i64, id)                          \
    F(str, name)                        \
    F(i8, small)                        \
    F(u32, large)                       \
    F(f64, price)                       \
    F(bool, is_new)                     \
    F(text, note, .null = true)         \
    F(bytes, data)                      \
    F(uuid, key)                        \
    F(datetime, made)                   \
    F(enumeration(Colour), colour)      \
    F(list(str), tags)                  \
    F(model(Point), place)              \
    F(models(Point), path, .opt = true) \
    F(i64, count, .opt = true, .alias = "countOf")
CGW_MODEL(Thing, THING)
#define NAMED(F) F(i64, id) F(str, name)
CGW_MODEL(Named, NAMED)

static const char create[] =
    "CREATE TABLE things(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, small INTEGER, large "
    "INTEGER, price REAL CHECK(price < 1000), is_new INTEGER, note TEXT, data BLOB, key TEXT, made "
    "TEXT, colour TEXT, tags TEXT, place TEXT, path TEXT, count INTEGER)";
static const char insert[] =
    "INSERT INTO things(name, small, large, price, is_new, note, data, key, made, colour, tags, "
    "place, path, count) VALUES(:name, :small, :large, :price, :is_new, :note, :data, :key, :made, "
    ":colour, :tags, :place, :path, :countOf)";

static Thing a_thing(void)
{
    static const char *tags[] = {"a \"quoted\" one", "b"};
    static Point path[] = {{.x = 1, .y = 2}, {.x = 3, .y = 4}};
    Thing thing = {.name = "nail",
                   .small = -128,
                   .large = UINT32_MAX,
                   .price = 0.1,
                   .is_new = true,
                   .note = {"with\0NUL", 8},
                   .data = {"\xff\0\x01", 3},
                   .made = {1700000000123456, 120, true},
                   .colour = GREEN,
                   .tags = {tags, 2},
                   .place = {.x = 0.5, .y = -1},
                   .path = {path, 2},
                   .count = 7};
    memset(thing.key.bytes, 0xa5, sizeof(thing.key.bytes));
    return thing;
}

static void is_the_same(const Thing *a, const Thing *b)
{
    ck_assert_str_eq(a->name, b->name);
    ck_assert_int_eq(a->small, b->small);
    ck_assert_uint_eq(a->large, b->large);
    ck_assert(a->price == b->price);
    ck_assert(a->is_new == b->is_new);
    ck_assert_uint_eq(a->note.len, b->note.len);
    ck_assert_mem_eq(a->note.ptr, b->note.ptr, b->note.len);
    ck_assert_uint_eq(a->data.len, b->data.len);
    ck_assert_mem_eq(a->data.ptr, b->data.ptr, b->data.len);
    ck_assert_mem_eq(&a->key, &b->key, sizeof(a->key));
    ck_assert_int_eq(a->made.unix_us, b->made.unix_us);
    ck_assert_int_eq(a->made.offset_min, b->made.offset_min);
    ck_assert_int_eq(a->colour, b->colour);
    ck_assert_uint_eq(a->tags.len, b->tags.len);
    for (size_t i = 0; i < a->tags.len; i++)
        ck_assert_str_eq(a->tags.items[i], b->tags.items[i]);
    ck_assert(a->place.x == b->place.x && a->place.y == b->place.y);
    ck_assert_uint_eq(a->path.len, b->path.len);
    for (size_t i = 0; i < a->path.len; i++)
        ck_assert(a->path.items[i].y == b->path.items[i].y);
    ck_assert_int_eq(a->count, b->count);
}

static int keep_a_model(cgw_request *req, cgw_db *db)
{
    int64_t id = 0;
    Thing thing = a_thing(), got;
    SQL_IS(0, cgw_exec(req, db, create));
    SQL_IS(1, cgw_put(req, db, Thing, &thing, &id, insert));
    ck_assert_int_eq(id, 1);
    SQL_IS(1, cgw_one(req, db, Thing, &got, "SELECT * FROM things WHERE id = ?", id));
    is_the_same(&got, &thing);
    ck_assert_int_eq(got.id, 1);
    thing.name = "other";
    cgw_set_null(Thing, &thing, note);
    cgw_set_absent(Thing, &thing, path);
    SQL_IS(1, cgw_put(req, db, Thing, &thing, NULL, insert));
    SQL_IS(1, cgw_one(req, db, Thing, &got, "SELECT * FROM things WHERE name = ?", "other"));
    ck_assert(cgw_is_null(Thing, &got, note) && cgw_is_null(Thing, &got, path));
    ck_assert(cgw_has(Thing, &got, name) && !got.path.len);
    SQL_IS(0, cgw_one(req, db, Thing, &got, "SELECT * FROM things WHERE id = 9"));
    ck_assert_str_eq(got.name, "other");
    return CGW_OK;
}

START_TEST(models_come_back_as_they_went)
{
    sql_play_both(keep_a_model);
    sql_play_memory(keep_a_model);
}
END_TEST

static int ask_for_values(cgw_request *req, cgw_db *db)
{
    int64_t n = 0;
    int i = 0;
    double f = 0;
    bool b = false;
    const char *s = NULL;
    cgw_str t = CGW_STR("");
    cgw_uuid key = cgw_uuid_new(), key_got;
    cgw_datetime when = {1700000000000000, 0, true}, when_got;
    SQL_IS(1, cgw_value(req, db, &n, "SELECT ?", INT64_MIN));
    ck_assert_int_eq(n, INT64_MIN);
    SQL_IS(1, cgw_value(req, db, &i, "SELECT ? + ?", (short)-5, (unsigned char)2));
    ck_assert_int_eq(i, -3);
    SQL_IS(1, cgw_value(req, db, &f, "SELECT ?", 0.25f));
    ck_assert(f == 0.25);
    SQL_IS(1, cgw_value(req, db, &b, "SELECT ?", true));
    ck_assert(b);
    SQL_IS(1, cgw_value(req, db, &s, "SELECT ?1 || ?2 || ?1", "a'b", "\xc3\xa4"));
    ck_assert_str_eq(s, "a'b\xc3\xa4"
                        "a'b");
    SQL_IS(1, cgw_value(req, db, &t, "SELECT ?", ((cgw_str){"x\0y", 3})));
    ck_assert(t.len == 3 && memcmp(t.ptr, "x\0y", 3) == 0);
    SQL_IS(1, cgw_value(req, db, &key_got, "SELECT ?", key));
    ck_assert_mem_eq(&key, &key_got, sizeof(key));
    SQL_IS(1, cgw_value(req, db, &when_got, "SELECT ?", when));
    ck_assert_int_eq(when.unix_us, when_got.unix_us);
    SQL_IS(1, cgw_value(req, db, &s, "SELECT hex(?)", cgw_blob((cgw_str){"\x01\xff", 2})));
    ck_assert_str_eq(s, "01FF");
    SQL_IS(0, cgw_value(req, db, &n, "SELECT ?", NULL));
    SQL_IS(0, cgw_value(req, db, &n, "SELECT ?", (const char *)NULL));
    SQL_IS(0, cgw_value(req, db, &n, "SELECT 1 WHERE 0"));
    ck_assert_int_eq(n, INT64_MIN);
    SQL_IS(1, cgw_value(req, db, &n,
                        "SELECT count(*) FROM (VALUES (?),(?),(?),(?),(?),(?),(?),(?),"
                        "(?),(?),(?),(?),(?),(?),(?),(?))",
                        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16));
    ck_assert_int_eq(n, 16);
    return CGW_OK;
}

START_TEST(values_of_all_types)
{
    sql_play_both(ask_for_values);
    sql_play_memory(ask_for_values);
}
END_TEST

static int read_many(cgw_request *req, cgw_db *db)
{
    Named *named = NULL;
    size_t n = 99;
    int64_t id = -1;
    SQL_IS(0, cgw_exec(req, db, "CREATE TABLE names(id INTEGER PRIMARY KEY, name TEXT)"));
    SQL_IS(0, cgw_all(req, db, Named, &named, &n, "SELECT * FROM names"));
    ck_assert_uint_eq(n, 0);
    for (int i = 1; i <= 100; i++)
        SQL_IS(1, cgw_insert(req, db, &id, "INSERT INTO names(name) VALUES(?)",
                             cgw_fmt(req, "%d", i)));
    ck_assert_int_eq(id, 100);
    SQL_IS(0,
           cgw_all(req, db, Named, &named, &n, "SELECT * FROM names WHERE id > ? ORDER BY id", 10));
    ck_assert_uint_eq(n, 90);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(strtol(named[i].name, NULL, 10), (long)(i + 11));
    SQL_IS(50, cgw_exec(req, db, "UPDATE names SET name = name || 'x' WHERE id <= ?", 50));
    id = -1;
    SQL_IS(3, cgw_insert(req, db, &id, "DELETE FROM names WHERE id < 4"));
    ck_assert_int_eq(id, -1);
    SQL_IS(0, cgw_exec(req, db, "CREATE INDEX by_name ON names(name)"));
    SQL_IS(0, cgw_exec(req, db, "SELECT * FROM names"));
    Named one;
    SQL_IS(1,
           cgw_one(req, db, Named, &one, "INSERT INTO names(name) VALUES('r'), ('s') RETURNING *"));
    ck_assert_str_eq(one.name, "r");
    SQL_IS(1, cgw_value(req, db, &id, "SELECT count(*) FROM names"));
    ck_assert_int_eq(id, 99);
    SQL_IS(0, cgw_all(
                  req, db, Named, &named, &n,
                  "WITH x AS (SELECT 7 AS n) INSERT INTO names(name) SELECT n FROM x RETURNING *"));
    ck_assert_uint_eq(n, 1);
    return CGW_OK;
}

START_TEST(many_rows_and_what_writes_and_answers)
{
    sql_play_both(read_many);
    sql_play_memory(read_many);
}
END_TEST

static int make_mistakes(cgw_request *req, cgw_db *db)
{
    int64_t n;
    Named one;
    Point point = {.x = 1};
    SQL_IS(0, cgw_exec(req, db, "CREATE TABLE names(id INTEGER PRIMARY KEY, name TEXT)"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "SELEKT 1"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, ""));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "DELETE FROM names; DROP TABLE names"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "DELETE FROM names; -- a comment\n; DROP TABLE names"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "-- a comment"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "SELECT * FROM nowhere"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "INSERT INTO names(name) VALUES(?)"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "INSERT INTO names(name) VALUES(?)", 1, 2));
    SQL_IS(CGW_EINVAL, cgw_value(req, db, &n, "SELECT ?", UINT64_MAX));
    SQL_IS(CGW_EINVAL, cgw_value(req, db, &n, "SELECT ?", NAN));
    SQL_IS(CGW_EINVAL, cgw_put(req, db, Point, &point, NULL, "INSERT INTO names(id) VALUES(:z)"));
    SQL_IS(CGW_EINVAL, cgw_put(req, db, Point, &point, NULL, "INSERT INTO names(id) VALUES(?)"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "BEGIN"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "COMMIT"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "ATTACH 'x' AS y"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "PRAGMA journal_mode=DELETE"));
    SQL_IS(-EBADMSG, cgw_one(req, db, Named, &one, "SELECT 1 AS id"));
    SQL_IS(-EBADMSG, cgw_one(req, db, Named, &one, "SELECT 'x' AS id, 'x' AS name"));
    SQL_IS(-EBADMSG, cgw_one(req, db, Named, &one, "SELECT 1 AS id, NULL AS name"));
    SQL_IS(-EBADMSG, cgw_one(req, db, Named, &one, "SELECT 1 AS id, 'a' || char(0) AS name"));
    SQL_IS(-EBADMSG, cgw_value(req, db, &(int){0}, "SELECT 3000000000"));
    SQL_IS(1, cgw_value(req, db, &n, "-- a comment\nSELECT count(*) FROM names ; -- another; "));
    ck_assert_int_eq(n, 0);
    return CGW_OK;
}

START_TEST(mistakes_are_answered_and_logged)
{
    sql_play_begin();
    sql_play_run(make_mistakes);
    static const char *const said[] = {"syntax error",
                                       "no statement",
                                       "more than one statement",
                                       "no such table: nowhere",
                                       "1 parameters in the statement, 0 given",
                                       "parameter 1 cannot be stored",
                                       "the model has no field for :z",
                                       "not authorized",
                                       "no column for Named.name",
                                       "column id does not fit Named.id: it is text",
                                       "column name does not fit Named.name: it is NULL",
                                       "there is a NUL in it",
                                       "it is too large",
                                       "check_sql.c"};
    for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
        ck_assert_msg(cgw_test_logged(sql_play_test, said[i]) > 0, "%s", said[i]);
    sql_play_end();
    sql_play_memory(make_mistakes);
}
END_TEST

static int break_constraints(cgw_request *req, cgw_db *db)
{
    int64_t n;
    SQL_IS(0, cgw_exec(req, db,
                       "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, "
                       "price REAL CHECK(price > 0), of INTEGER REFERENCES t(id), later "
                       "INTEGER REFERENCES t(id) DEFERRABLE INITIALLY DEFERRED)"));
    SQL_IS(1, cgw_exec(req, db, "INSERT INTO t(name) VALUES('a')"));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, db, "INSERT INTO t(name) VALUES('a')"));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, db, "INSERT INTO t(name) VALUES(?)", NULL));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, db, "INSERT INTO t(name, price) VALUES('b', -1)"));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, db, "INSERT INTO t(name, of) VALUES('b', 77)"));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, db, "INSERT INTO t(name, later) VALUES('b', 77)"));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, db, "INSERT OR FAIL INTO t(name) VALUES('c'), ('a')"));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, db, "INSERT OR ROLLBACK INTO t(name) VALUES('c'), ('a')"));
    SQL_IS(1, cgw_value(req, db, &n, "SELECT count(*) FROM t"));
    ck_assert_int_eq(n, 1);
    return CGW_OK;
}

START_TEST(constraints_are_conflicts)
{
    sql_play_both(break_constraints);
    sql_play_memory(break_constraints);
}
END_TEST

#define BLOBS(F) F(bytes, data)
CGW_MODEL(Blobs, BLOBS)

static int read_too_much(cgw_request *req, cgw_db *db)
{
    Blobs *blobs;
    size_t n;
    SQL_IS(CGW_ETOOBIG,
           cgw_all(req, db, Blobs, &blobs, &n,
                   "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 80) "
                   "SELECT zeroblob(1000000) AS data FROM c"));
    SQL_IS(0, cgw_all(req, db, Blobs, &blobs, &n, "SELECT zeroblob(1000000) AS data"));
    ck_assert_uint_eq(blobs[0].data.len, 1000000);
    return CGW_OK;
}

START_TEST(results_have_a_limit)
{
    sql_play_both(read_too_much);
}
END_TEST

/* Beside others of its request: each result is in memory of its own. */
static cgw_db *shared;
static int child_reads(void *arg)
{
    Named one;
    const char *wanted = arg;
    for (int i = 0; i < 20; i++) {
        SQL_IS(1, cgw_one(NULL, shared, Named, &one, "SELECT 5 AS id, ? AS name", wanted));
        ck_assert_str_eq(one.name, wanted);
    }
    return CGW_OK;
}

static int read_in_a_group(cgw_request *req, cgw_db *db)
{
    CGW_GROUP(group, req);
    const char *s;
    shared = db;
    for (int i = 0; i < 10; i++)
        cgw_go(group, child_reads, cgw_fmt(req, "child %d", i));
    for (int i = 0; i < 50; i++) {
        SQL_IS(1, cgw_value(req, db, &s, "SELECT ? || 'x'", "parent"));
        ck_assert_str_eq(s, "parentx");
    }
    return cgw_join(group);
}

START_TEST(tasks_of_one_request)
{
    sql_play_both(read_in_a_group);
    sql_play_memory(read_in_a_group);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sql");
    TCase *tcase = tcase_create("sql");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, models_come_back_as_they_went);
    tcase_add_test(tcase, values_of_all_types);
    tcase_add_test(tcase, many_rows_and_what_writes_and_answers);
    tcase_add_test(tcase, mistakes_are_answered_and_logged);
    tcase_add_test(tcase, constraints_are_conflicts);
    tcase_add_test(tcase, results_have_a_limit);
    tcase_add_test(tcase, tasks_of_one_request);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
