#include <cgw.h>

typedef struct App {
    unsigned visits, visits_per_minute;
} App;

CGW_LIFESPAN(App, start, stop);

static void count(void *arg)
{
    App *app = arg;
    app->visits_per_minute = app->visits;
    app->visits = 0;
}

static int start(cgw_boot *boot, App *app)
{
    return cgw_every(60, count, app) == CGW_OK ? 0 : cgw_boot_fail(boot, "no memory");
}

static void stop(App *app)
{
    (void)app;
}

struct reminder {
    int64_t number;
    double seconds;
};

/* Outlives the request, so it has a copy of what it needs. */
static int remind(void *arg)
{
    const struct reminder *reminder = arg;
    int status = cgw_sleep(reminder->seconds);
    if (status != CGW_OK)
        return status; /* the worker ends */
    cgw_log(NULL, "visitor %lld should be back", (long long)reminder->number);
    return CGW_OK;
}

/* Behind the reply; the request's memory is still there. */
static int greet(void *name)
{
    int status = cgw_sleep(0.5);
    if (status == CGW_OK)
        cgw_log(NULL, "a letter to %s", (const char *)name);
    return status;
}

CGW_POST(visit, "/visits/{number:int}/{name}")
{
    struct reminder reminder = {cgw_path_i64(req, "number"), 3600};
    cgw_state(req, App)->visits++;
    CGW_TRY(req, cgw_spawn(remind, &reminder, .copy = sizeof(reminder)));
    cgw_after(req, greet, cgw_fmt(req, "%s", cgw_path(req, "name")));
    return cgw_empty(req, 202);
}
