/*
 * What an application has sent so far, and whether the next event may follow: the validator's own
 * table, written from abi.h and not from the host's.
 */
#ifndef VALIDATE_RESPONSE_H
#define VALIDATE_RESPONSE_H
#include <cgw/abi.h>
#include <stdbool.h>

enum response_state {
    RESPONSE_NEW,
    RESPONSE_HEAD,
    RESPONSE_BODY,
    RESPONSE_TRAILERS,
    RESPONSE_DONE,
    RESPONSE_WS_CONNECTING,
    RESPONSE_WS_OPEN,
    RESPONSE_WS_DONE,
    RESPONSE_LIFESPAN_NEW, /* startup not received */
    RESPONSE_LIFESPAN_STARTING,
    RESPONSE_LIFESPAN_RUNNING,
    RESPONSE_LIFESPAN_STOPPING,
    RESPONSE_LIFESPAN_DONE
};

struct response {
    enum response_state state;
    bool is_head; /* of a HEAD request */
    bool is_bare; /* the host gives no extension */
    bool has_length, no_body, has_trailers;
    bool has_failed; /* lifespan: startup or shutdown failed */
    unsigned status;
    uint64_t length, body; /* bytes promised and given */
    void *state_given;     /* lifespan.state */
};

/*
 * The next event. CGW_OK; CGW_EINVAL with the finding reported; CGW_EIO a file cannot be read.
 * Reads all that the event points to.
 */
int response_take(struct response *response, const struct cgw_event *event);
/* Has the application given all that its call asks for? */
bool response_is_complete(const struct response *response);
/* "after the head", for a finding. */
const char *response_state_name(enum response_state state);
#endif
