/* Functions that run whole on the driver's thread, as a second half of their task. */
#include "sql.h"
#include "web/request.h"

struct asked {
    cgw_request *req;
    cgw_db *db;
    cgw_transaction_fn *fn;
    void *arg;
    const struct cgw_site *site;
    char error[SQL_ERROR_BYTES];
};

static int transact(void *arg)
{
    struct asked *asked = arg;
    return asked->db->driver->transact(asked->db, asked->req, asked->fn, asked->arg, asked->error,
                                       asked->site);
}

int cgw__transaction(cgw_request *req, cgw_db *db, cgw_transaction_fn *fn, void *arg,
                     const struct cgw_site *site)
{
    struct asked asked = {.req = req, .db = db, .fn = fn, .arg = arg, .site = site};
    static const char nested[] = "a transaction within a transaction";
    if (!here.task)
        return CGW_EINVAL;
    if (sql_transaction || db->is_transaction) {
        sql_complain(req, "BEGIN", CGW_EINVAL, nested, site);
        return CGW_EINVAL;
    }
    int code = task_on_loop(transact, &asked);
    if (asked.error[0])
        sql_complain(req, "BEGIN ... COMMIT", code, asked.error, site);
    return code;
}
