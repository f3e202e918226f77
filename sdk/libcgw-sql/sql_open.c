/* A database by its URL: the scheme chooses the driver. */
#include "lite.h"
#include "web/request.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sql_driver *const drivers[] = {&lite_driver};

/* ---- open ---- */

struct opening {
    const char *url;
    struct cgw_db_options options;
    cgw_db *db;
    char error[512];
};

static void set_defaults(struct cgw_db_options *options)
{
    options->timeout = options->timeout != 0 ? options->timeout : 30;
    options->acquire_timeout = options->acquire_timeout > 0 ? options->acquire_timeout : 5;
    options->cursor_timeout = options->cursor_timeout > 0 ? options->cursor_timeout : 30;
    options->readers = options->readers ? options->readers : 4;
    options->statements = options->statements ? options->statements : 64;
    options->max_queue = options->max_queue ? options->max_queue : 10000;
    options->max_group = options->max_group ? options->max_group : 256;
}

static int open_it(void *arg)
{
    struct opening *opening = arg;
    for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
        size_t len = strlen(drivers[i]->scheme);
        if (strncmp(opening->url, drivers[i]->scheme, len) == 0 && opening->url[len] == ':')
            return drivers[i]->open(opening->url + len + 1, &opening->options, &opening->db,
                                    opening->error, sizeof(opening->error));
    }
    snprintf(opening->error, sizeof(opening->error),
             "no such kind of database; it begins with \"sqlite:\"");
    return CGW_EINVAL;
}

struct errand {
    int (*fn)(void *arg);
    void *arg;
    bool has_run;
};

static int run(void *arg)
{
    struct errand *errand = arg;
    errand->has_run = true;
    return errand->fn(errand->arg);
}

/* Off the loop, as a file is read, or as many as there are steps of its schema. Where the pool is
   full it is done here: at the start and at the end nobody else waits for the loop. */
static int off_the_loop(int (*fn)(void *arg), void *arg)
{
    struct errand errand = {fn, arg, false};
    int status = CGW_EBUSY;
    if (here.task && !here.offload)
        status = task_offload(here.task, run, &errand, CGW_HERE);
    return status == CGW_EBUSY && !errand.has_run ? fn(arg) : status;
}

static cgw_db *fail(cgw_boot *boot, const char *url, const char *why)
{
    if (boot)
        (void)cgw_boot_fail(boot, "%s: %s", url, why);
    else
        cgw_log_level(NULL, CGW_LOG_ERROR, "database %s: %s", url, why);
    return NULL;
}

cgw_db *cgw__db_open(cgw_boot *boot, const char *url, struct cgw_db_options options)
{
    const char *given = options.env ? getenv(options.env) : NULL;
    url = given && *given ? given : url ? url : "";
    struct opening opening = {.url = url, .options = options};
    set_defaults(&opening.options);
    int status = off_the_loop(open_it, &opening);
    if (status != CGW_OK)
        return fail(boot, url, opening.error[0] ? opening.error : cgw_strerror(status));
    return opening.db;
}

/* ---- close, and how it is ---- */

static int close_it(void *arg)
{
    cgw_db *db = arg;
    db->driver->close(db);
    return CGW_OK;
}

void cgw_db_close(cgw_db *db)
{
    if (db && !db->is_transaction && off_the_loop(close_it, db) != CGW_OK)
        close_it(db); /* canceled, but it must be done */
}

void cgw_db_status(cgw_db *db, struct cgw_db_status *ret_status)
{
    db->driver->status(db, ret_status);
}
