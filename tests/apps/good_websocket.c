/* A websocket that sends back what comes; http is answered with 204. */
#include <cgw/abi.h>
#include <string.h>

struct socket {
    struct cgw_event in, out;
    struct cgw_str part;
    int is_sending;
};

static const struct cgw_event no_content[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {NULL, 0, 204}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {NULL, 0}}}};

static void end(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void go_on(struct cgw_call *call, int status, void *arg);

/* What came last decides what is sent: accept, or the message. */
static int reply(struct cgw_call *call, struct socket *socket)
{
    memset(&socket->out, 0, sizeof socket->out);
    socket->out.size = sizeof socket->out;
    socket->out.type = CGW_WS_ACCEPT;
    if (socket->in.type == CGW_WS_CONNECT && call->scope->n_subprotocols)
        socket->out.u.accept.subprotocol = call->scope->subprotocols[0];
    if (socket->in.type == CGW_WS_RECEIVE) {
        socket->part = socket->in.u.body.data;
        socket->out.type = CGW_WS_SEND;
        socket->out.flags = socket->in.flags;
        socket->out.u.bodyv.parts = &socket->part;
        socket->out.u.bodyv.n_parts = 1;
    }
    return call->host->send(call, &socket->out, 1, go_on, socket);
}

static void go_on(struct cgw_call *call, int status, void *arg)
{
    struct socket *socket = arg;
    while (status == CGW_OK) {
        if (!socket->is_sending && socket->in.type == CGW_WS_DISCONNECT)
            break;
        socket->is_sending = !socket->is_sending;
        status = socket->is_sending ? reply(call, socket)
                                    : call->host->receive(call, &socket->in, go_on, socket);
    }
    if (status != CGW_PENDING)
        end(call, status, NULL);
}

static void call(struct cgw_call *call)
{
    if (call->scope->type == CGW_SCOPE_HTTP) {
        int status = call->host->send(call, no_content, 2, end, NULL);
        if (status != CGW_PENDING)
            end(call, status, NULL);
        return;
    }
    struct socket *socket = call->host->alloc(call, sizeof *socket);
    if (!socket) {
        end(call, CGW_ENOMEM, NULL);
        return;
    }
    socket->is_sending = 0;
    go_on(call, call->host->receive(call, &socket->in, go_on, socket), socket);
}

CGW_APP(.kind = CGW_ASYNC, .flags = CGW_WEBSOCKET, .name = "good_websocket", .call = call);
