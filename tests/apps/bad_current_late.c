/* A thread of its own says for whom it works, as if it were the loop's. */
#include "bad.h"
#include <pthread.h>

static const struct cgw_current *current;

static void *work(void *arg)
{
    current->set(NULL);
    return arg;
}

static void call(struct cgw_call *call)
{
    pthread_t thread;
    current = call->host->extension(call->host, CGW_EXT_CURRENT);
    if (current && pthread_create(&thread, NULL, work, NULL) == 0)
        pthread_join(thread, NULL);
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
