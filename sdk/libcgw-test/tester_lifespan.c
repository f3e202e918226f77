/* The application's lifespan: startup, the state that reaches every request, shutdown. */
#include "tester_lifespan.h"
#include "tester_call.h"
#include "tester_loop.h"
#include "tester_memory.h"

static void fail(cgw_test *test, const char *what, struct cgw_str message)
{
    if (!test->lifespan_error)
        test->lifespan_error =
            tester_memory_printf(test, "%s%s%.*s", what, message.len ? ": " : "", (int)message.len,
                                 message.len ? message.ptr : "");
}

void tester_lifespan_take(struct tester_call *call, const struct cgw_event *event)
{
    cgw_test *test = call->test;
    if (event->type == CGW_LIFESPAN_STARTUP_COMPLETE) {
        test->state = event->u.lifespan.state;
        test->is_started = true;
    } else if (event->type == CGW_LIFESPAN_STARTUP_FAILED) {
        fail(test, "the startup failed", event->u.lifespan.message);
    } else if (event->type == CGW_LIFESPAN_SHUTDOWN_FAILED) {
        fail(test, "the shutdown failed", event->u.lifespan.message);
    }
}

void tester_lifespan_ended(struct tester_call *call, int status)
{
    cgw_test *test = call->test;
    struct cgw_str none = CGW_STR("");
    if (!test->is_started)
        fail(test, "the lifespan ended before its startup was complete", none);
    else if (call->order == ORDER_LIFESPAN_STOPPING ||
             (status < 0 && call->order != ORDER_LIFESPAN_DONE))
        fail(test, "the lifespan ended with an error", none);
    test->is_stopped = true;
}

static void run_begin(struct tester_item *item)
{
    tester_call_begin(item->call);
}

static bool is_up(void *arg)
{
    const cgw_test *test = arg;
    return test->is_started || test->is_stopped;
}

static bool is_down(void *arg)
{
    const cgw_test *test = arg;
    return test->is_stopped;
}

/* Run until it has come so far, or say what keeps it. */
static bool run_until(cgw_test *test, bool (*is_over)(void *arg), const char *what)
{
    struct cgw_str none = CGW_STR("");
    uint64_t limit = test->now_us + tester_clock_us(test->options.budget);
    enum tester_end end = tester_loop_run(test, is_over, test, limit, TESTER_FOR_END);
    if (end != TESTER_OVER)
        fail(test, what, none);
    return !test->lifespan_error;
}

bool tester_lifespan_start(cgw_test *test)
{
    if (test->options.without_lifespan || !(test->app->flags & CGW_LIFESPAN)) {
        test->is_started = test->is_stopped = true;
        return true;
    }
    struct tester_call *call = tester_call_new(test, CGW_SCOPE_LIFESPAN, "lifespan");
    call->order = ORDER_LIFESPAN_NEW;
    call->scope.asgi_version = (struct cgw_str)CGW_STR("3.0");
    call->scope.spec_version = (struct cgw_str)CGW_STR("2.0");
    call->begin.item = (struct tester_item){.call = call, .run = run_begin};
    list_init(&call->begin.item.node);
    test->lifespan = call;
    tester_loop_due(&call->begin.item);
    return run_until(test, is_up, "the startup never ended");
}

/* A lifespan call may have ended long ago, which is its right. */
bool tester_lifespan_stop(cgw_test *test)
{
    test->is_draining = true;
    list_each (node, &test->calls)
        tester_call_drain(list_owner(node, struct tester_call, node));
    test->is_stop_wanted = true;
    if (test->is_stopped)
        return !test->lifespan_error;
    tester_call_wake(test->lifespan);
    return run_until(test, is_down, "the shutdown never ended");
}
