/* receive startup, send complete, receive shutdown, send complete: a step each. */
#include "life.h"
#include "root.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct life {
    struct cgw_call *call;
    int (*after)(struct life *life, int status); /* the step that comes next; NULL: over */
    struct cgw_event in, out;
    struct root root;
    char message[4200];
};

static int starting(struct life *life, int status);
static int stopping(struct life *life, int status);

static void resume(struct cgw_call *call, int status, void *arg)
{
    struct life *life = arg;
    do
        status = life->after(life, status);
    while (life->after && status != CGW_PENDING);
    if (life->after)
        return;
    root_close(&life->root);
    call->host->finish(call, status);
}

static int end(struct life *life, int status)
{
    life->after = NULL;
    return status;
}

static int receive(struct life *life, int (*after)(struct life *life, int status))
{
    life->after = after;
    return life->call->host->receive(life->call, &life->in, resume, life);
}

static int send(struct life *life, uint16_t type, int (*after)(struct life *life, int status))
{
    life->out.type = type;
    life->out.size = sizeof(life->out);
    life->after = after;
    return life->call->host->send(life->call, &life->out, 1, resume, life);
}

static int fail(struct life *life)
{
    life->out.u.lifespan.message = (struct cgw_str){life->message, strlen(life->message)};
    return send(life, CGW_LIFESPAN_STARTUP_FAILED, end);
}

static int started(struct life *life, int status)
{
    return status == CGW_OK ? receive(life, stopping) : end(life, status);
}

static int starting(struct life *life, int status)
{
    const struct cgw_host *host = life->call->host;
    if (status != CGW_OK)
        return end(life, status);
    const char *path = getenv("CGW_FILES_ROOT");
    path = path && *path ? path : ".";
    if (!host->extension(host, CGW_EXT_FILE)) {
        snprintf(life->message, sizeof(life->message), "files: the host has no " CGW_EXT_FILE);
        return fail(life);
    }
    int error = root_open(path, &life->root);
    if (error < 0) {
        snprintf(life->message, sizeof(life->message), "files: CGW_FILES_ROOT=%s: %s", path,
                 strerror(-error));
        return fail(life);
    }
    life->out.u.lifespan.state = &life->root;
    return send(life, CGW_LIFESPAN_STARTUP_COMPLETE, started);
}

static int stopping(struct life *life, int status)
{
    if (status != CGW_OK)
        return end(life, status);
    life->out.u.lifespan.state = NULL;
    return send(life, CGW_LIFESPAN_SHUTDOWN_COMPLETE, end);
}

static int begin(struct life *life, int status)
{
    (void)status;
    return receive(life, starting);
}

void life_begin(struct cgw_call *call)
{
    struct life *life = call->host->alloc(call, sizeof(*life));
    if (!life) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    *life = (struct life){.call = call, .after = begin, .root = {-1, NULL}};
    resume(call, CGW_OK, life);
}
