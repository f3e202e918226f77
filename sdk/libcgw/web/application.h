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
    cgw_dependency_fn *fn; /* NULL: value is copied out */
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
    struct part *parts; /* of part.c */
    void *state;        /* of lifespan->size bytes, or NULL */
    struct arena arena; /* lives as long as the application */
    struct cgw_boot boot;
    struct list requests, free_requests;
    size_t n_free;
    struct override *overrides;
    struct through_worker *workers; /* of through.c */
    cgw_str openapi, openapi_root;  /* of openapi/docs.c: the document, and what it was made for */
    bool is_draining;
    /* of lifespan.c */
    struct cgw_event event; /* that the host fills */
    struct task *waiter;    /* the lifespan's task, while it is parked */
    bool waits_for_tasks;   /* until it is the only one */
    bool is_over;
    int end_status;
};

/* ---- app.c: what the linker gathered in this module ---- */

/* CGW_APPLICATION(), or one of zeros; CGW_LIFESPAN(), or NULL. Static. */
const struct cgw_application *app_declared(void);
const struct cgw_lifespan *app_lifespan(void);

/* Pointers of one kind of declaration: [first, end), in no order. */
struct section {
    const void *const *first, *const *end;
};
struct section section_routes(void);
struct section section_mounts(void);
struct section section_converters(void);
struct section section_errors(void);
struct section section_dependencies(void);
struct section section_reads(void);
struct section section_applications(void);
struct section section_lifespans(void);

/* ---- lifespan.c ---- */

/* The host begins the lifespan. */
void lifespan_begin(struct cgw_call *call);

/* ---- part.c: what is started before the application's own start(), as static directories ---- */

/* Start all, in order. NULL, or what went wrong: those that had started are stopped again. */
const char *part_start_all(struct application *application);
void part_stop_all(struct application *application); /* the other way round */
/* What the part's start() has left. */
void *part_state(const struct application *application, const struct cgw__part *part);

/* ---- mount.c: the lifespans of mounted applications ---- */

/* Start, in order, all that want it. CGW_OK; CGW_EFAILED: *ret_error says why; those that had
   started are stopped again. Suspends. */
int mount_start_all(struct application *application, const char **ret_error);
void mount_stop_all(struct application *application); /* the other way round. Suspends. */
/* The call is the mounted application's: returns when that has finished it. Suspends. */
void mount_serve(cgw_request *req, const struct match_result *result);

/* ---- openapi/docs.c ---- */

/* As match_input.own: the document of the routes, and the page that shows it. */
bool docs_routes(struct matcher *matcher, const struct cgw_endpoint **ret_own, size_t *ret_n);

/* ---- depend.c ---- */

/* As hooks_test.override. */
int depend_override(struct application *application, const char *name, const void *value,
                    size_t len, void (*fn)(void));
#endif
