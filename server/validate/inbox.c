/* Events to receive; the bytes of each lie in memory of their own. */
#include "validate/inbox.h"
#include "validate/memory.h"
#include "validate/report.h"

#define PIECE_BYTES   65536
#define TRICKLE_BYTES 256 /* so much comes in the script's pieces, the rest in large ones */

static const struct {
    const char *bytes;
    size_t len;
    uint16_t flags;
} messages[] = {{"hello", 5, CGW_TEXT}, {"\0\1\377", 3, 0}, {"", 0, CGW_TEXT}};
#define N_MESSAGES (sizeof messages / sizeof messages[0])

bool inbox_has(const struct vcall *v)
{
    if (v->is_canceled)
        return true;
    if (v->request->is_lifespan)
        return !v->startup_given || (v->shutdown_asked && !v->shutdown_given);
    if (v->is_gone || response_is_complete(&v->response))
        return true;
    if (v->request->is_websocket)
        return v->messages_given == 0 || v->response.state == RESPONSE_WS_OPEN;
    return !v->is_body_over;
}

void inbox_drop(struct vcall *v)
{
    memory_end(v->data, "the next receive()");
    v->data = NULL;
}

/* len bytes and a NUL behind them, to be filled, then sealed. */
static char *new_data(struct vcall *v, size_t len)
{
    v->data = memory_new(MEMORY_DATA, len + 1);
    if (!v->data)
        report_refusal("cgw-validate itself is out of memory");
    return v->data;
}

static size_t next_piece(const struct vcall *v)
{
    size_t left = v->request->body_bytes - v->body_given;
    size_t piece =
        v->script->piece && v->body_given < TRICKLE_BYTES ? v->script->piece : PIECE_BYTES;
    return left < piece ? left : piece;
}

static void take_body(struct vcall *v, struct cgw_event *event)
{
    size_t len = next_piece(v);
    char *data = new_data(v, len);
    for (size_t i = 0; i < len; i++)
        data[i] = request_byte(v->request, v->body_given + i);
    v->body_given += len;
    bool is_all = v->body_given == v->request->body_bytes;
    v->is_body_over = is_all && (len == 0 || !v->script->end_apart);
    event->type = CGW_HTTP_REQUEST;
    event->flags = v->is_body_over ? 0 : CGW_MORE;
    event->u.body.data = (struct cgw_str){data, len};
}

static void take_message(struct vcall *v, struct cgw_event *event)
{
    unsigned i = v->messages_given++;
    if (i == 0) {
        event->type = CGW_WS_CONNECT;
        return;
    }
    if (i > N_MESSAGES) {
        v->is_gone = v->is_disturbed = true;
        event->type = CGW_WS_DISCONNECT;
        event->u.close.code = 1000;
        return;
    }
    size_t len = messages[i - 1].len;
    char *data = new_data(v, len);
    memcpy(data, messages[i - 1].bytes, len);
    event->type = CGW_WS_RECEIVE;
    event->flags = messages[i - 1].flags;
    event->u.body.data = (struct cgw_str){data, len};
}

static void take_lifespan(struct vcall *v, struct cgw_event *event)
{
    if (!v->startup_given) {
        v->startup_given = true;
        v->response.state = RESPONSE_LIFESPAN_STARTING;
        event->type = CGW_LIFESPAN_STARTUP;
        return;
    }
    v->shutdown_given = true;
    if (v->response.state == RESPONSE_LIFESPAN_RUNNING)
        v->response.state = RESPONSE_LIFESPAN_STOPPING;
    event->type = CGW_LIFESPAN_SHUTDOWN;
}

int inbox_take(struct vcall *v, struct cgw_event *ret_event)
{
    struct cgw_event event = {.size = sizeof event};
    if (v->is_canceled)
        return CGW_ECANCELED;
    bool is_over = v->is_gone || response_is_complete(&v->response);
    if (v->request->is_lifespan) {
        take_lifespan(v, &event);
    } else if (is_over && v->request->is_websocket) {
        event.type = CGW_WS_DISCONNECT;
        event.u.close.code = v->is_gone ? 1006 : 1000;
    } else if (is_over) {
        event.type = CGW_HTTP_DISCONNECT;
    } else if (v->request->is_websocket) {
        take_message(v, &event);
    } else {
        take_body(v, &event);
    }
    memory_seal(v->data);
    memory_probing("the event of receive()");
    *ret_event = event;
    memory_probing(NULL);
    return CGW_OK;
}
