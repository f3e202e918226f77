/* Closes a descriptor that is watched. */
#include "bad.h"
#include <unistd.h>

static struct cgw_watch watch;

static void ready(struct cgw_call *call, struct cgw_watch *watched, uint32_t events, void *arg)
{
    (void)watched;
    (void)events;
    (void)arg;
    send_all(call, ok, 2);
}

static void call(struct cgw_call *call)
{
    const struct cgw_loop *loop = call->host->extension(call->host, CGW_EXT_LOOP);
    int fds[2];
    if (!loop || pipe(fds) < 0 ||
        loop->watch_start(call, &watch, fds[0], CGW_READABLE, ready, NULL) != CGW_OK) {
        end(call, CGW_EIO, NULL);
        return;
    }
    close(fds[0]);
}

CGW_APP(.call = call);
