#include <cgw.h>

/* Once the parts are packed the parcel must be labelled, even if the client has left by then. */
static int label(int number)
{
    int status = CGW_EFAILED;
    CGW_SHIELD
    {
        CGW_TIMEOUT(2)
        {
            status = cgw_sleep(0.1 * number);
        }
    }
    return status;
}

static int pack(int parts)
{
    for (int i = 0; i < parts; i++) {
        int status = cgw_sleep(0.01);
        if (status != CGW_OK)
            return status; /* too late, or nobody wants it any more: unwind */
    }
    return label(parts);
}

CGW_POST(parcel, "/parcels/{parts:int}", .cancel = true)
{
    int status = CGW_EFAILED;
    CGW_TIMEOUT(1.5)
    {
        status = pack((int)cgw_path_i64(req, "parts"));
    }
    if (status == CGW_ETIMEDOUT)
        return cgw_fail(req, 503, "the packers are slow today");
    CGW_TRY(req, status);
    return cgw_empty(req, 201);
}
