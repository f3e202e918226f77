/* The one table of what an application may send when (ASGI 3.0), and the names for the log. */
#include "app/order.h"
#include <cgw/abi.h>
#include <stddef.h>

#define TO(next_)                       \
    {                                   \
        1, ORDER_##next_, ORDER_##next_ \
    }
#define TO_MORE(next_, more_)           \
    {                                   \
        1, ORDER_##next_, ORDER_##more_ \
    }

/*
 * Row: what was sent so far. Column: what is sent now. What is absent is illegal. A body or file
 * event that ends the body leads to ORDER_HTTP_TRAILERS instead where trailers were promised.
 */
const struct order_step order_steps[ORDER_STATES][ORDER_EVENTS] = {
    [ORDER_HTTP_NEW] = {[CGW_HTTP_RESPONSE_INFORMATIONAL] = TO(HTTP_NEW),
                        [CGW_HTTP_RESPONSE_START] = TO(HTTP_HEAD)},
    [ORDER_HTTP_HEAD] = {[CGW_HTTP_RESPONSE_BODY] = TO_MORE(HTTP_DONE, HTTP_BODY),
                         [CGW_HTTP_RESPONSE_FILE] = TO_MORE(HTTP_DONE, HTTP_BODY)},
    [ORDER_HTTP_BODY] = {[CGW_HTTP_RESPONSE_BODY] = TO_MORE(HTTP_DONE, HTTP_BODY),
                         [CGW_HTTP_RESPONSE_FILE] = TO_MORE(HTTP_DONE, HTTP_BODY)},
    [ORDER_HTTP_TRAILERS] = {[CGW_HTTP_RESPONSE_TRAILERS] = TO_MORE(HTTP_DONE, HTTP_TRAILERS)},
    [ORDER_HTTP_DONE] = {{0}},
    [ORDER_WS_CONNECTING] = {[CGW_WS_ACCEPT] = TO(WS_OPEN), [CGW_WS_CLOSE] = TO(WS_DONE)},
    [ORDER_WS_OPEN] = {[CGW_WS_SEND] = TO(WS_OPEN), [CGW_WS_CLOSE] = TO(WS_DONE)},
    [ORDER_WS_DONE] = {{0}},
    [ORDER_LIFESPAN_NEW] = {{0}},
    [ORDER_LIFESPAN_STARTING] = {[CGW_LIFESPAN_STARTUP_COMPLETE] = TO(LIFESPAN_RUNNING),
                                 [CGW_LIFESPAN_STARTUP_FAILED] = TO(LIFESPAN_DONE)},
    [ORDER_LIFESPAN_RUNNING] = {{0}},
    [ORDER_LIFESPAN_STOPPING] = {[CGW_LIFESPAN_SHUTDOWN_COMPLETE] = TO(LIFESPAN_DONE),
                                 [CGW_LIFESPAN_SHUTDOWN_FAILED] = TO(LIFESPAN_DONE)},
    [ORDER_LIFESPAN_DONE] = {{0}},
};

const char *order_event_name(unsigned event_type)
{
    static const char *const names[ORDER_EVENTS] = {
        [CGW_LIFESPAN_STARTUP] = "lifespan.startup",
        [CGW_LIFESPAN_STARTUP_COMPLETE] = "lifespan.startup.complete",
        [CGW_LIFESPAN_STARTUP_FAILED] = "lifespan.startup.failed",
        [CGW_LIFESPAN_SHUTDOWN] = "lifespan.shutdown",
        [CGW_LIFESPAN_SHUTDOWN_COMPLETE] = "lifespan.shutdown.complete",
        [CGW_LIFESPAN_SHUTDOWN_FAILED] = "lifespan.shutdown.failed",
        [CGW_HTTP_REQUEST] = "http.request",
        [CGW_HTTP_DISCONNECT] = "http.disconnect",
        [CGW_HTTP_RESPONSE_START] = "http.response.start",
        [CGW_HTTP_RESPONSE_BODY] = "http.response.body",
        [CGW_HTTP_RESPONSE_TRAILERS] = "http.response.trailers",
        [CGW_HTTP_RESPONSE_INFORMATIONAL] = "http.response.informational",
        [CGW_HTTP_RESPONSE_FILE] = "http.response.file",
        [CGW_WS_CONNECT] = "websocket.connect",
        [CGW_WS_ACCEPT] = "websocket.accept",
        [CGW_WS_RECEIVE] = "websocket.receive",
        [CGW_WS_SEND] = "websocket.send",
        [CGW_WS_DISCONNECT] = "websocket.disconnect",
        [CGW_WS_CLOSE] = "websocket.close",
    };
    return event_type < ORDER_EVENTS && names[event_type] ? names[event_type] : "unknown event";
}

const char *order_state_name(enum order_state state)
{
    static const char *const names[ORDER_STATES] = {
        [ORDER_HTTP_NEW] = "nothing sent",
        [ORDER_HTTP_HEAD] = "start sent",
        [ORDER_HTTP_BODY] = "body begun",
        [ORDER_HTTP_TRAILERS] = "body complete, trailers due",
        [ORDER_HTTP_DONE] = "response complete",
        [ORDER_WS_CONNECTING] = "connecting",
        [ORDER_WS_OPEN] = "open",
        [ORDER_WS_DONE] = "closed",
        [ORDER_LIFESPAN_NEW] = "startup not received",
        [ORDER_LIFESPAN_STARTING] = "starting",
        [ORDER_LIFESPAN_RUNNING] = "running",
        [ORDER_LIFESPAN_STOPPING] = "stopping",
        [ORDER_LIFESPAN_DONE] = "lifespan over",
    };
    return state < ORDER_STATES ? names[state] : "no state";
}
