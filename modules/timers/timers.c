/*
 * Waiting, three ways. Ten clients of /async, and of /sync, are all answered after the time of one:
 * the first suspends its fiber, the second blocks a thread of the pool. Ten of /wrong take ten
 * times as long, and hold up everybody else: cgw-serve says so in its log, and names the line.
 */
#include <cgw.h>
#include <time.h>

#define WAIT(F) F(f64, seconds, .def = 2, .ge = 0, .le = 60, .doc = "how long")
CGW_MODEL(Wait, WAIT)

/* What a driver of hardware, or somebody's library, does. */
static void block(double seconds)
{
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left) != 0)
        continue;
}

CGW_GET(wait_async, "/async", .params = Wait_model)
{
    CGW_TRY(req, cgw_sleep(cgw_params(req, Wait)->seconds));
    return cgw_text(req, 200, "slept\n");
}

CGW_GET(wait_sync, "/sync", .params = Wait_model, .mode = CGW_SYNC)
{
    block(cgw_params(req, Wait)->seconds);
    return cgw_text(req, 200, "blocked a thread\n");
}

CGW_GET(wait_wrong, "/wrong", .params = Wait_model)
{
    block(cgw_params(req, Wait)->seconds);
    return cgw_text(req, 200, "blocked the loop\n");
}

/* The right way to call what blocks from an async handler. */
static void block_for(void *seconds)
{
    block(*(double *)seconds);
}

CGW_GET(wait_mended, "/mended", .params = Wait_model)
{
    double seconds = cgw_params(req, Wait)->seconds;
    CGW_TRY(req, cgw_blocking(block_for, &seconds));
    return cgw_text(req, 200, "blocked a thread\n");
}

CGW_APPLICATION(.name = "timers");
