#include <cgw.h>
#include <errno.h>
#include <stdio.h>

struct load {
    double average;
};

/* On a pool thread: it may take its time. */
static int read_load(void *arg)
{
    struct load *load = arg;
    FILE *file = fopen("/proc/loadavg", "r");
    if (!file)
        return -errno;
    int n = fscanf(file, "%lf", &load->average);
    fclose(file);
    return n == 1 ? CGW_OK : CGW_EFAILED;
}

CGW_GET(load_of_loop, "/load")
{
    struct load load;
    CGW_TRY(req, cgw_blocking(read_load, &load));
    return cgw_text(req, 200, "%.2f\n", load.average);
}

/* The same, where all of it is on a thread anyway. */
CGW_GET(load_of_thread, "/load/sync", .mode = CGW_SYNC)
{
    struct load load;
    CGW_TRY(req, read_load(&load));
    return cgw_text(req, 200, "%.2f\n", load.average);
}
