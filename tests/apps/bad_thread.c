/* Sends from a thread of its own. */
#include "bad.h"
#include <pthread.h>

static void *answer(void *call)
{
    send_all(call, ok, 2);
    return NULL;
}

static void call(struct cgw_call *call)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, answer, call) == 0)
        pthread_detach(thread);
}

CGW_APP(.call = call);
