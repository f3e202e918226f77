#include <cgw.h>

typedef struct App {
    cgw_sem upstream; /* so many may ask at once */
    cgw_mutex ledger;
    cgw_flag is_open;
    cgw_queue orders;
    long total;
} App;

CGW_LIFESPAN(App, start, stop);

static int book(void *arg)
{
    App *app = arg;
    void *order;
    while (cgw_queue_get(&app->orders, &order) == CGW_OK) {
        int status = cgw_mutex_lock(&app->ledger);
        if (status != CGW_OK)
            return status;
        long total = app->total + (long)(intptr_t)order;
        status = cgw_sleep(0.01); /* others run here: this is what the mutex is for */
        if (status == CGW_OK)
            app->total = total;
        cgw_mutex_unlock(&app->ledger);
    }
    return CGW_OK;
}

static int start(cgw_boot *boot, App *app)
{
    app->upstream.n = 8;
    app->orders.capacity = 100;
    if (cgw_spawn(book, app) != CGW_OK)
        return cgw_boot_fail(boot, "no memory for the bookkeeper");
    return 0;
}

static void stop(App *app)
{
    cgw_queue_fini(&app->orders);
}

static int ask_upstream(App *app)
{
    CGW_HOLD_TRY(&app->upstream);
    return cgw_sleep(0.1);
}

CGW_POST(open_shop, "/open")
{
    cgw_flag_set(&cgw_state(req, App)->is_open);
    return cgw_empty(req, 204);
}

CGW_POST(order, "/orders/{cents:int}")
{
    App *app = cgw_state(req, App);
    CGW_TRY(req, cgw_flag_wait(&app->is_open));
    CGW_TRY(req, ask_upstream(app));
    void *cents = (void *)(intptr_t)cgw_path_i64(req, "cents");
    CGW_TRY(req, cgw_queue_put(&app->orders, cents));
    return cgw_empty(req, 202);
}
