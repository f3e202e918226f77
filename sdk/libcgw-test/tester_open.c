/* What cgw_test_open() sets up, and cgw_test_close() takes down. */
#include "tester_open.h"
#include "tester_call.h"
#include "tester_clock.h"
#include "tester_fail.h"
#include "tester_lifespan.h"
#include "tester_loop.h"
#include "tester_memory.h"
#include "tester_pool.h"
#include "tester_random.h"
#include "tester_watchdog.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What is linked into the test; NULL: nothing is. */
extern const struct cgw_app cgw_app __attribute__((weak));

static _Thread_local char error[1024];

const char *cgw_test_error(void)
{
    return error;
}

static void set_error(const cgw_test *test, const char *format, ...) TESTER_PRINTF(2, 3);
static void set_error(const cgw_test *test, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(error, sizeof error, format, args);
    va_end(args);
    if (test && test->seed && n >= 0 && (size_t)n < sizeof error)
        snprintf(error + n, sizeof error - (size_t)n, " (CGW_TEST_SEED=%llu)",
                 (unsigned long long)test->seed);
}

/* ---- the application ---- */

static const struct cgw_app *load(const char *so)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s", strchr(so, '/') ? "" : "./", so);
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct cgw_app *app = module ? dlsym(module, "cgw_app") : NULL;
    if (!app)
        set_error(NULL, "cannot load %s: %s", so, dlerror());
    return app;
}

static const struct cgw_app *find(const struct cgw_test_options *options)
{
    if (options->app)
        return options->app;
    if (options->so)
        return load(options->so);
    if (!&cgw_app)
        set_error(NULL, "no application: none is linked in, and neither .app nor .so is given");
    return &cgw_app;
}

static bool is_usable(const struct cgw_app *app)
{
    if (app->magic != CGW_MAGIC || app->abi_major != CGW_ABI_MAJOR)
        set_error(NULL, "the application is not for this version of the interface");
    else if (app->size < offsetof(struct cgw_app, extension) || !app->call ||
             (app->kind != CGW_ASYNC && app->kind != CGW_SYNC))
        set_error(NULL, "the application's cgw_app is malformed");
    else
        return true;
    return false;
}

/* ---- open and close ---- */

static double system_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void set_defaults(struct cgw_test_options *options)
{
    if (!(options->budget > 0))
        options->budget = 3600;
    if (!(options->patience > 0))
        options->patience = 1;
    if (!options->threads)
        options->threads = 8;
}

static cgw_test *make(struct cgw_test_options options, const struct cgw_app *app)
{
    cgw_test *test = calloc(1, sizeof *test);
    if (!test) {
        set_error(NULL, "out of memory");
        return NULL;
    }
    set_defaults(&options);
    test->options = options;
    test->app = app;
    test->thread = pthread_self();
    test->pid = getpid();
    test->epoch = system_time();
    test->log_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    list_init(&test->calls);
    list_init(&test->watches);
    tester_clock_start(test);
    return test;
}

/* The lifespan of a CGW_SYNC application has a thread for itself. */
static void start_threads(cgw_test *test)
{
    size_t own = test->app->kind == CGW_SYNC && (test->app->flags & CGW_LIFESPAN);
    test->pool = tester_pool_new(test, test->options.threads + own, test->app->stack_size);
    test->watchdog = tester_watchdog_new(test, test->options.patience);
}

static void discard(cgw_test *test)
{
    tester_pool_free(test->pool);
    if (test->pool)
        tester_loop_drain(test);
    tester_watchdog_free(test->watchdog);
    tester_loop_fini(test);
    tester_clock_fini(test);
    tester_log_fini(test);
    tester_memory_fini(test);
    free(test);
}

cgw_test *cgw__test_open(struct cgw_test_options options)
{
    error[0] = '\0';
    const struct cgw_app *app = find(&options);
    if (!app || !is_usable(app))
        return NULL;
    cgw_test *test = make(options, app);
    if (!test)
        return NULL;
    if (!tester_random_init(test)) {
        set_error(NULL, "CGW_TEST_SEED='%s' is no number from 1", getenv("CGW_TEST_SEED"));
        discard(test);
        return NULL;
    }
    start_threads(test);
    if (tester_lifespan_start(test))
        return test;
    set_error(test, "%s", test->lifespan_error);
    discard(test);
    return NULL;
}

void tester_enter(cgw_test *test)
{
    if (!pthread_equal(test->thread, pthread_self()))
        tester_fail(test, NULL, "a test is used by the thread that opened it");
    if (test->current)
        tester_fail(test, test->current, "a test is not used from inside the application");
    if (test->pid == getpid())
        return;
    test->pid = getpid();
    if (!tester_pool_forked(test->pool))
        tester_fail(test, NULL,
                    "opened before a fork with a pool thread at work: open it in the "
                    "test, or in a checked fixture");
    tester_watchdog_forked(test->watchdog);
}

int cgw_test_close(cgw_test *test)
{
    if (!test)
        return 0;
    tester_enter(test);
    bool is_well = tester_lifespan_stop(test);
    if (!is_well) {
        set_error(test, "%s", test->lifespan_error);
        fprintf(stderr, "cgw-test: %s\n", error);
    }
    discard(test);
    return is_well ? 0 : -1;
}

/* ---- time ---- */

double cgw_test_now(cgw_test *test)
{
    tester_clock_look(test);
    return (double)test->now_us / 1e6;
}

void cgw_test_clock(cgw_test *test, double seconds)
{
    tester_enter(test);
    tester_clock_look(test);
    uint64_t until = test->now_us + tester_clock_us(seconds);
    tester_loop_run(test, NULL, NULL, until, TESTER_FOR_TIME);
}

void cgw_test_settle(cgw_test *test)
{
    tester_enter(test);
    tester_clock_look(test);
    uint64_t limit = test->now_us + tester_clock_us(test->options.budget);
    tester_loop_run(test, NULL, NULL, limit, TESTER_FOR_REST);
}

uint64_t cgw_test_seed(const cgw_test *test)
{
    return test->seed;
}

/* ---- dependencies ---- */

static int override(cgw_test *test, const char *dependency, const void *value, size_t len,
                    void (*fn)(void))
{
    const struct hooks_test *hooks = tester_hooks(test);
    tester_enter(test);
    return hooks && hooks->override(test->state, dependency, value, len, fn) == CGW_OK ? 0 : -1;
}

int cgw_test_override(cgw_test *test, const char *dependency, const void *value, size_t len)
{
    return override(test, dependency, value, len, NULL);
}

int cgw__test_override_fn(cgw_test *test, const char *dependency, void (*fn)(void))
{
    return override(test, dependency, NULL, 0, fn);
}
