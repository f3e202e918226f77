/*
 * Works by turns for the calls that it has and for none, and moves its route by itself: all that
 * cgw.current/1 and CGW_PROMOTES allow.
 */
#include "bad.h"

static struct cgw_call *other; /* that waits, or NULL */

static void set(const struct cgw_call *call, struct cgw_call *to)
{
    const struct cgw_current *current = call->host->extension(call->host, CGW_EXT_CURRENT);
    if (current)
        current->set(to);
}

static void finish(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    if (other == call)
        other = NULL;
    set(call, NULL);
    set(call, call);
    set(call, other ? other : call);
    set(call, call);
    call->host->finish(call, status);
}

static void respond(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    if (status == CGW_OK)
        status = call->host->send(call, ok, 2, finish, NULL);
    if (status != CGW_PENDING)
        finish(call, status, NULL);
}

static void work(void *arg)
{
    (void)arg;
}

static void call(struct cgw_call *call)
{
    const struct cgw_route *route = call->host->extension(call->host, CGW_EXT_ROUTE);
    const struct cgw_thread *thread = call->host->extension(call->host, CGW_EXT_THREAD);
    int status = CGW_OK;
    if (call->scope->type != CGW_SCOPE_HTTP) {
        call->host->finish(call, CGW_EIO);
        return;
    }
    other = call;
    if (route && route->set(call, "/all", 4) == CGW_OK && route->is_promoted(call) && thread)
        status = thread->run(call, work, NULL, respond, NULL);
    if (status != CGW_PENDING)
        respond(call, status, NULL);
}

CGW_APP(.flags = CGW_PROMOTES, .call = call);
