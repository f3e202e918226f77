/* What a worker has of the application: its routes, its state, its requests. */
#ifndef WEB_APPLICATION_H
#define WEB_APPLICATION_H
#include "task/task.h"
#include "web/request.h"

struct cgw_boot {
    struct application *application;
    char message[1024]; /* of cgw_boot_fail() */
};

/* A dependency that a test has replaced. */
struct override {
    struct override *next;
    const struct cgw_dependency *dependency;
    cgw_dependency_fn *fn; /* NULL: value is copied */
    void *value;
};

struct application {
    struct runtime *runtime;
    const struct cgw_application *declared; /* CGW_APPLICATION(), or one of zeros */
    const struct cgw_lifespan *lifespan;    /* CGW_LIFESPAN(), or NULL */
    const struct cgw_route *route_table;    /* cgw.route/1, or NULL */
    const struct cgw_disconnect *disconnect;
    const struct cgw_shutdown *shutdown;
    struct matcher *matcher;
    void *state;         /* of lifespan->size bytes, or NULL */
    struct arena arena;  /* lives as long as the application */
    struct cgw_boot boot;
    struct list requests, free_requests;
    size_t n_free;
    struct scope spawned;    /* of tasks without a request that drain cancels at once */
    struct override *overrides;
    struct cgw_event event;  /* of the lifespan's receive */
    int event_status;
    struct task *waiter;     /* the lifespan's task, parked for the event */
    bool is_draining, has_started, is_over;
    int end_status;
};

/* Of the module; NULL where there is none. */
extern const struct cgw_application *application_declared(void);
struct application *application_of(const struct cgw_request *req);

/* ---- app.c: the linker's sections of the module; each [first, end) ---- */
struct section {
    const void *const *first, *const *end;
};
struct section section_routes(void), section_mounts(void), section_converters(void),
    section_errors(void), section_dependencies(void);
#endif
