/* What a fiber must mind: large locals, values of the thread's, and waits that may be broken off. */
#include <cgw.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { REPORT_BYTES = 256 * 1024 };

static int stock = 100; /* of the worker's; only its one loop thread touches it */

/* The time: what suspends here belongs to this task alone. */
static int pay(cgw_request *req, int amount)
{
    int status = cgw_sleep(0.05);
    if (status == CGW_OK)
        cgw_log(req, "paid %d", amount);
    return status;
}

CGW_POST(buy, "/buy/{n:int}")
{
    int n = (int)cgw_path_i64(req, "n");
    if (n < 1 || n > stock)
        return cgw_fail(req, 409, "%d are left", stock);
    stock -= n; /* no other task ran since it was compared */
    int status = CGW_OK;
    CGW_TIMEOUT(2)
    status = pay(req, n);
    if (status != CGW_OK) {
        stock += n;
        return cgw_error(req, status);
    }
    return cgw_text(req, 200, "%d are left\n", stock);
}

CGW_GET(report, "/report")
{
    char *text = cgw_alloc(req, REPORT_BYTES); /* not on a stack of 64 KiB */
    if (!text)
        return cgw_error(req, CGW_ENOMEM);
    errno = 0;
    double share = strtod("0.25", NULL);
    int error = errno; /* kept before anything suspends */
    CGW_TRY(req, cgw_sleep(0.01));
    snprintf(text, REPORT_BYTES, "%g, error %d\n", share, error);
    return cgw_text(req, 200, "%s", text);
}
