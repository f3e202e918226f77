/*
 * An asynchronous application that waits for a timer, a pool function, a descriptor and a thread of
 * its own, one after the other, and wants to be told when its peer goes.
 */
#include <cgw/abi.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

struct waits {
    struct cgw_call *call;
    struct cgw_timer timer;
    struct cgw_watch watch;
    const struct cgw_loop *loop;
    const struct cgw_thread *thread;
    int fds[2];
    int status;
};

static const struct cgw_header headers[] = {CGW_HEADER("content-length", "7")};
static const struct cgw_str body[] = {CGW_STR("waited\n")};
static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {headers, 1, 200}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {body, 1}}}};

static void end(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void answer(struct cgw_call *call, int status)
{
    if (status == CGW_OK)
        status = call->host->send(call, response, 2, end, NULL);
    if (status != CGW_PENDING)
        end(call, status, NULL);
}

static void posted(struct cgw_call *call, void *arg)
{
    (void)arg;
    answer(call, CGW_OK);
}

static void *run(void *arg)
{
    struct waits *waits = arg;
    waits->call->host->post(waits->call, posted, NULL);
    return NULL;
}

static void ready(struct cgw_call *call, struct cgw_watch *watch, uint32_t events, void *arg)
{
    struct waits *waits = arg;
    pthread_t thread;
    waits->loop->watch_stop(call, watch);
    close(waits->fds[0]);
    close(waits->fds[1]);
    if (!(events & CGW_READABLE) || pthread_create(&thread, NULL, run, waits) != 0)
        answer(call, CGW_EIO);
    else
        pthread_detach(thread);
}

static void write_byte(void *arg)
{
    struct waits *waits = arg;
    waits->status = write(waits->fds[1], "x", 1) == 1 ? CGW_OK : CGW_EIO;
}

static void written(struct cgw_call *call, int status, void *arg)
{
    struct waits *waits = arg;
    if (status == CGW_OK)
        status = waits->status;
    if (status == CGW_OK)
        status = waits->loop->watch_start(call, &waits->watch, waits->fds[0], CGW_READABLE, ready,
                                          waits);
    if (status != CGW_OK)
        answer(call, status);
}

static void rung(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    struct waits *waits = arg;
    waits->loop->timer_stop(call, timer);
    if (pipe(waits->fds) < 0) {
        answer(call, CGW_EIO);
        return;
    }
    int status = waits->thread->run(call, write_byte, waits, written, waits);
    if (status == CGW_PENDING)
        return;
    close(waits->fds[0]);
    close(waits->fds[1]);
    answer(call, status == CGW_EBUSY ? CGW_OK : status);
}

static void gone(struct cgw_call *call, int status, void *arg)
{
    (void)call;
    *(int *)arg = status;
}

static void call(struct cgw_call *call)
{
    const struct cgw_host *host = call->host;
    const struct cgw_disconnect *disconnect = host->extension(host, CGW_EXT_DISCONNECT);
    struct waits *waits = host->alloc(call, sizeof *waits);
    if (!waits) {
        end(call, CGW_ENOMEM, NULL);
        return;
    }
    memset(waits, 0, sizeof *waits);
    waits->call = call;
    waits->loop = host->extension(host, CGW_EXT_LOOP);
    waits->thread = host->extension(host, CGW_EXT_THREAD);
    if (!waits->loop || !waits->thread || !disconnect) {
        answer(call, CGW_OK);
        return;
    }
    disconnect->notify(call, gone, &waits->status);
    waits->loop->timer_start(call, &waits->timer, 60 * 1000 * 1000, rung, waits);
}

CGW_APP(.kind = CGW_ASYNC, .name = "good_loop", .call = call);
