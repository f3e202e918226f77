/*
 * An application with a database, for tests of libcgw-sql: what a test wants done is done by a
 * handler, once on a fiber and once on a pool thread, each time with a file of its own.
 */
#ifndef SQL_PLAY_H
#define SQL_PLAY_H
#include "unit.h"
#include <cgw.h>
#include <cgw/sql.h>
#include <cgw/test.h>

typedef int sql_play_fn(cgw_request *req, cgw_db *db);

/* What the next application opens; path NULL: a new file. */
struct sql_play {
    const char *url;
    struct cgw_db_options options;
};
extern struct sql_play sql_play;
extern cgw_test *sql_play_test;
/* Where files go: a folder that is emptied by sql_play_end(). */
const char *sql_play_path(const char *name);
/* The path of the database's file. */
const char *sql_play_file(void);
/* The number behind "/run/" in the target. */
int64_t sql_play_n(cgw_request *req);

/* Start and stop the application; it must start. */
void sql_play_begin(void);
void sql_play_end(void);
/* It must not start: why. */
const char *sql_play_refused(void);
/* fn in a handler; it must answer CGW_OK. */
void sql_play_run(sql_play_fn *fn);
void sql_play_run_sync(sql_play_fn *fn);
/* n times at once, with /run/0 to /run/n-1: how many answered that code. */
size_t sql_play_crowd(sql_play_fn *fn, size_t n, int code);
/* All of it: begin, run, end, on a fiber and on a thread. */
void sql_play_both(sql_play_fn *fn);
/* The same of a database in memory. */
void sql_play_memory(sql_play_fn *fn);

/* A table t of an id, a unique name and data, made by a handler; its rows, here and in a handler of
   its own. */
extern const char sql_play_table[];
int sql_play_make_table(cgw_request *req, cgw_db *db);
int64_t sql_play_count(cgw_request *req, cgw_db *db);
void sql_play_expect_rows(int n);

/* fn must answer that. */
#define SQL_IS(code, call)                                                                    \
    do {                                                                                      \
        int sql_is = (call);                                                                  \
        if (sql_is != (code))                                                                 \
            ck_abort_msg("%s:%d: %s: %d, not %d", __FILE__, __LINE__, #call, sql_is, (code)); \
    } while (0)
#endif
