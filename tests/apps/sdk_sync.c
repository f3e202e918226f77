/* A wholly synchronous application: one word, and every handler may block; one route stays on the
 * loop. */
#include <cgw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

typedef struct App {
    pthread_t loop;
    cgw_sem one;
    atomic_int inside, most;
} App;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    (void)boot;
    app->loop = pthread_self();
    app->one.n = 1;
    return 0;
}
static void stop(App *app)
{
    (void)app;
}

static const char *place(const App *app)
{
    return pthread_equal(app->loop, pthread_self()) ? "loop" : "thread";
}

static void block_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0)
        continue;
}

CGW_GET(where, "/where")
{
    return cgw_text(req, 200, "%s\n", place(cgw_state(req, App)));
}

CGW_GET(where_loop, "/where-loop", .mode = CGW_ON_LOOP)
{
    return cgw_text(req, 200, "%s\n", place(cgw_state(req, App)));
}

/* Children of a synchronous handler have threads, and run at the same time. */
struct child {
    App *app;
    const char *place;
};
static int meet(void *arg)
{
    struct child *child = arg;
    int inside = ++child->app->inside;
    if (inside > child->app->most)
        child->app->most = inside;
    block_ms(100);
    --child->app->inside;
    child->place = place(child->app);
    return cgw_sleep(0.001);
}

CGW_GET(together, "/together")
{
    App *app = cgw_state(req, App);
    struct child children[3] = {{app, ""}, {app, ""}, {app, ""}};
    CGW_GROUP(group, req);
    for (size_t i = 0; i < 3; i++)
        cgw_go(group, meet, &children[i]);
    CGW_TRY(req, cgw_join(group));
    return cgw_text(req, 200, "%s %s %s, %d at once\n", children[0].place, children[1].place,
                    children[2].place, (int)app->most);
}

/* What suspends on the loop blocks here: the semaphore lets one in at a time. */
CGW_GET(alone, "/alone")
{
    App *app = cgw_state(req, App);
    CGW_TRY(req, cgw_sem_get(&app->one));
    int inside = ++app->inside;
    block_ms(20);
    --app->inside;
    cgw_sem_put(&app->one);
    return cgw_text(req, 200, "%d\n", inside);
}

CGW_GET(late, "/late", .timeout = 0.05)
{
    CGW_TRY(req, cgw_sleep(60));
    return cgw_text(req, 200, "in time\n");
}

static int say(void *text)
{
    cgw_log(NULL, "behind: %s", (const char *)text);
    return CGW_OK;
}
static int slow_say(void *text)
{
    block_ms(300);
    return say(text);
}
static int fail(void *text)
{
    (void)say(text);
    return CGW_EFAILED;
}

CGW_POST(behind, "/behind/{kind}")
{
    const char *kind = cgw_path(req, "kind"), *where = place(cgw_state(req, App));
    cgw_str body;
    CGW_TRY(req, cgw_body_text(req, &body));
    cgw_log(req, "begun: %s", kind);
    if (cgw_query(req, "slow"))
        block_ms(200);
    cgw_after(req, slow_say, cgw_fmt(req, "first of %s %s", kind, where));
    if (body.len)
        cgw_after(req, fail, cgw_fmt(req, "second of %s fails", kind));
    cgw_after(req, say, cgw_fmt(req, "last of %s", kind));
    return cgw_text(req, 202, "accepted\n");
}

CGW_POST(behind_loop, "/behind-loop/{kind}", .mode = CGW_ON_LOOP)
{
    const char *kind = cgw_path(req, "kind");
    cgw_after(req, say, cgw_fmt(req, "first of %s", kind));
    cgw_after(req, say, cgw_fmt(req, "last of %s", kind));
    return cgw_text(req, 202, "accepted\n");
}

CGW_APPLICATION(.name = "sync", .mode = CGW_SYNC);
