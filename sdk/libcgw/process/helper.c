/*
 * The life of a helper. It blocks wherever it likes; whoever is through with it closes the socket,
 * or kills it. It ends by _exit(): what the worker has registered to be run at its end is not ours.
 */
#include "process/helper.h"
#include "base/memory.h"
#include "model/model.h"
#include "process/frame.h"
#include "process/output.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- bytes ---- */

/* The other end is gone: nobody waits for us. */
static _Noreturn void leave(void)
{
    _exit(0);
}

static void take(int fd, void *ptr, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = read(fd, (char *)ptr + done, len - done);
        if (n == 0 || (n < 0 && errno != EINTR))
            leave();
        done += n > 0 ? (size_t)n : 0;
    }
}

static void give(int fd, const void *ptr, size_t len, int flags)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = send(fd, (const char *)ptr + done, len - done, MSG_NOSIGNAL | flags);
        if (n < 0 && errno != EINTR)
            leave();
        done += n > 0 ? (size_t)n : 0;
    }
}

/* There is no memory for them, but the next job comes behind them. */
static void skip(int fd, uint64_t len)
{
    char piece[1024];
    for (uint64_t left = len; left > 0;) {
        size_t n = left < sizeof(piece) ? (size_t)left : sizeof(piece);
        take(fd, piece, n);
        left -= n;
    }
}

/* ---- jobs ---- */

/* What came was written by the same model, so there is no error to tell. */
static int run_decoded(const struct cgw__process_model *model, cgw_str in, void *object,
                       struct cgw_output *out)
{
    const cgw_model *in_model = model->in(), *out_model = model->out();
    void *answer = arena_zalloc(&out->arena, out_model->size);
    struct model_errors errors;
    model_errors_init(&errors, &out->arena);
    if (!object || !answer)
        return CGW_ENOMEM;
    int status = in_model->code->decode(in_model, &out->arena, in, NULL, &errors, object);
    if (status == CGW_OK)
        status = model->fn(object, answer);
    if (status < 0)
        return status;
    out_model->code->encode(out_model, answer, &out->buffer);
    if (out->buffer.len > out->max_bytes)
        out->status = CGW_ETOOBIG;
    return status;
}

static int run(const struct frame_job *job, cgw_str in, struct cgw_output *out)
{
    if (job->fn)
        return job->fn(in, out);
    return run_decoded(job->model, in, arena_zalloc(&out->arena, job->model->in()->size), out);
}

static void answer(int fd, const struct frame_job *job, int status, cgw_str text)
{
    struct frame_answer frame = {
        .number = job->number, .len = status < 0 ? 0 : text.len, .status = status};
    give(fd, &frame, sizeof(frame), frame.len ? MSG_MORE : 0);
    give(fd, text.ptr, frame.len, 0);
}

static void serve(int fd, const struct frame_job *job)
{
    struct cgw_output out;
    cgw_str text = {NULL, 0};
    char *bytes = memory_alloc((size_t)job->len + 1);
    if (!bytes) {
        skip(fd, job->len);
        answer(fd, job, CGW_ENOMEM, text);
        return;
    }
    take(fd, bytes, (size_t)job->len);
    bytes[job->len] = '\0';
    output_init(&out, job->max_bytes);
    int status = run(job, (cgw_str){bytes, (size_t)job->len}, &out);
    int fault = output_text(&out, &text);
    fflush(stdout);
    answer(fd, job, status >= 0 && fault != CGW_OK ? fault : status, text);
    output_fini(&out);
    memory_free(bytes);
}

_Noreturn void helper_live(int fd)
{
    for (struct frame_job job;;) {
        take(fd, &job, sizeof(job));
        serve(fd, &job);
    }
}
