/* The lifespan call: startup, the state that reaches every request, shutdown. */
#include "app/lifespan.h"
#include <errno.h>
#include <stdio.h>

static struct lifespan *lifespan_of(struct call *call)
{
    return call->wire_data;
}

static void set_state(struct lifespan *lifespan, enum lifespan_state state)
{
    if (lifespan->state == state || lifespan->state == LIFESPAN_FAILED)
        return;
    lifespan->state = state;
    if (lifespan->changed)
        lifespan->changed(lifespan->changed_arg);
}

static void fail(struct lifespan *lifespan, const char *what, struct cgw_str message)
{
    size_t len = message.len < 400 ? message.len : 400;
    snprintf(lifespan->message, sizeof lifespan->message, "%s%s%.*s", what, len ? ": " : "",
             (int)len, len ? message.ptr : "");
    set_state(lifespan, LIFESPAN_FAILED);
}

static int give(struct call *call, struct cgw_event *event, unsigned type, enum order_state next)
{
    *event = (struct cgw_event){.type = (uint16_t)type, .size = sizeof *event};
    call->order = next;
    return CGW_OK;
}

static int lifespan_receive(struct call *call, struct cgw_event *event)
{
    struct lifespan *lifespan = lifespan_of(call);
    if (call->order == ORDER_LIFESPAN_NEW)
        return give(call, event, CGW_LIFESPAN_STARTUP, ORDER_LIFESPAN_STARTING);
    if (call->order == ORDER_LIFESPAN_RUNNING && lifespan->is_stop_wanted)
        return give(call, event, CGW_LIFESPAN_SHUTDOWN, ORDER_LIFESPAN_STOPPING);
    return call->order == ORDER_LIFESPAN_DONE ? CGW_ECANCELED : CGW_PENDING;
}

static void take(struct call *call, const struct cgw_event *event)
{
    struct lifespan *lifespan = lifespan_of(call);
    struct cgw_str message = event->u.lifespan.message;
    if (event->type == CGW_LIFESPAN_STARTUP_COMPLETE) {
        call->runtime->state = event->u.lifespan.state;
        set_state(lifespan, LIFESPAN_RUNNING);
    } else if (event->type == CGW_LIFESPAN_STARTUP_FAILED) {
        fail(lifespan, "startup failed", message);
    } else if (event->type == CGW_LIFESPAN_SHUTDOWN_FAILED) {
        fail(lifespan, "shutdown failed", message);
    } else {
        set_state(lifespan, LIFESPAN_STOPPED);
    }
    call_is_due(call); /* a receive may wait for what comes next */
}

static int lifespan_send(struct call *call)
{
    while (call->send_next < call->send_n) {
        const struct cgw_event *event = &call->send_events[call->send_next++];
        struct order_step step = order_of(call->order, event->type);
        if (event->size != sizeof *event)
            return call_misuse(call, "the size of an event is not 64", event->type, STR(""));
        if (!step.is_legal)
            return call_misuse(call, "event out of order", event->type, STR(""));
        call->order = step.next;
        take(call, event);
    }
    return CGW_OK;
}

static void lifespan_conclude(struct call *call)
{
    struct lifespan *lifespan = lifespan_of(call);
    static const struct cgw_str none = {"", 0};
    lifespan->call = NULL;
    if (lifespan->state == LIFESPAN_STARTING)
        fail(lifespan, "lifespan ended before its startup was complete", none);
    else if (lifespan->state == LIFESPAN_STOPPING && call->finish_status < 0)
        fail(lifespan, "lifespan ended with an error during its shutdown", none);
    else if (lifespan->state != LIFESPAN_STOPPED && lifespan->state != LIFESPAN_FAILED)
        set_state(lifespan, LIFESPAN_STOPPED);
    else if (lifespan->changed) /* now the application is out of it, too */
        lifespan->changed(lifespan->changed_arg);
}

const struct call_kind call_lifespan = {
    .receive = lifespan_receive, .send = lifespan_send, .conclude = lifespan_conclude};

int lifespan_start(struct lifespan *lifespan, struct call_runtime *runtime)
{
    if (!(runtime->app->flags & CGW_LIFESPAN)) {
        set_state(lifespan, LIFESPAN_ABSENT);
        return 0;
    }
    struct call *call = call_get(runtime, &call_lifespan, NULL, lifespan);
    if (!call)
        return -ENOMEM;
    call->order = ORDER_LIFESPAN_NEW;
    call->scope = (struct cgw_scope){.size = sizeof call->scope,
                                     .type = CGW_SCOPE_LIFESPAN,
                                     .asgi_version = CGW_STR("3.0"),
                                     .spec_version = CGW_STR("2.0")};
    lifespan->call = call;
    set_state(lifespan, LIFESPAN_STARTING);
    call_begin(call);
    return 0;
}

void lifespan_stop(struct lifespan *lifespan)
{
    lifespan->is_stop_wanted = true;
    if (!lifespan->call || lifespan->state == LIFESPAN_ABSENT) {
        set_state(lifespan, LIFESPAN_STOPPED);
        return;
    }
    set_state(lifespan, LIFESPAN_STOPPING);
    call_is_due(lifespan->call);
}
