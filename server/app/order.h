/*
 * The order of legal events, as one table (ASGI 3.0 HTTP and WebSocket 2.5, Lifespan 2.0).
 */
#ifndef APP_ORDER_H
#define APP_ORDER_H
#include <stdint.h>

/* How far what the application has sent has come. */
enum order_state {
    ORDER_HTTP_NEW,      /* nothing sent */
    ORDER_HTTP_HEAD,     /* start sent, no body yet: nothing is on the wire */
    ORDER_HTTP_BODY,     /* body flows */
    ORDER_HTTP_TRAILERS, /* body complete, trailers promised */
    ORDER_HTTP_DONE,
    ORDER_WS_CONNECTING,
    ORDER_WS_OPEN,
    ORDER_WS_DONE,
    ORDER_LIFESPAN_NEW,      /* startup not received */
    ORDER_LIFESPAN_STARTING, /* startup received */
    ORDER_LIFESPAN_RUNNING,
    ORDER_LIFESPAN_STOPPING,
    ORDER_LIFESPAN_DONE,
    ORDER_STATES
};

/* What sets the state after a legal event that ends its part: see order.c. */
struct order_step {
    uint8_t is_legal;
    uint8_t next;      /* where the event has no CGW_MORE */
    uint8_t next_more; /* where it has */
};

#define ORDER_EVENTS 38 /* one more than the greatest event type */
extern const struct order_step order_steps[ORDER_STATES][ORDER_EVENTS];

/*
 * The step for sending an event of this type in this state. For a body's end with promised trailers
 * the caller takes ORDER_HTTP_TRAILERS instead of next. Unknown types are never legal.
 */
static inline struct order_step order_of(enum order_state state, unsigned event_type)
{
    if (event_type >= ORDER_EVENTS || state >= ORDER_STATES)
        return (struct order_step){0, 0, 0};
    return order_steps[state][event_type];
}
/* "start", "body" … for the log; "unknown event" where it is. */
const char *order_event_name(unsigned event_type);
const char *order_state_name(enum order_state state);
#endif
