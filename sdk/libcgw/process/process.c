/*
 * A call: a helper is taken, the bytes go there, the answer's come back, by the task itself, which
 * parks where the socket is not ready. What a helper sends is believed as far as it can be checked:
 * the function may have done anything to its process.
 */
#include "base/memory.h"
#include "process/frame.h"
#include "process/staff.h"
#include "web/application.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* A turn of the loop moves so many bytes of a call, so that others have theirs. */
enum { PIECE = 256 << 10 };

struct exchange {
    struct frame_job job;
    const char *name;
    cgw_str in;
    struct cgw_process_options options;
    const struct cgw_site *site;
    struct arena *arena; /* where the answer goes */
    struct cgw_call *call;
    struct staff *staff;
    struct staff_member *member;
    int answer;
    cgw_str out;
};

/* ---- the staff of a worker: there where a call of cgw_process() is linked ---- */

#define WEAK __attribute__((weak, visibility("hidden")))
extern const void *const __start_cgw_staffs[] WEAK;
extern const void *const __stop_cgw_staffs[] WEAK;

/* CGW_PROCESSES(), or one of zeros. */
static const struct cgw_processes *declared(void)
{
    static const struct cgw_processes none;
    const struct section section = {__start_cgw_staffs, __stop_cgw_staffs};
    // cppcheck-suppress comparePointers
    return section.first < section.end ? *section.first : &none;
}

static int start(cgw_boot *boot, const struct cgw__part *part, void **ret_state)
{
    struct staff *staff;
    (void)part;
    int status = staff_new(declared(), &staff);
    if (status != CGW_OK)
        return cgw_boot_fail(boot, "no process for cgw_process() can be forked: %s",
                             cgw_strerror(status));
    *ret_state = staff;
    return 0;
}

static void stop(void *state)
{
    staff_free(state);
}

static const struct cgw__part part = {start, stop, NULL};
CGW__SECTION("cgw_parts") static const struct cgw__part *const part_entry = &part;

/* ---- bytes: CGW_OK; CGW_ECRASHED: the helper is gone; or why the task was canceled ---- */

static bool is_later(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static int give(struct exchange *exchange, const void *ptr, size_t len)
{
    const struct staff_member *member = exchange->member;
    for (size_t done = 0; done < len;) {
        size_t piece = len - done < PIECE ? len - done : PIECE;
        ssize_t n = send(member->fd, (const char *)ptr + done, piece, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && !is_later(n))
            return CGW_ECRASHED;
        done += n > 0 ? (size_t)n : 0;
        if (done == len)
            break;
        int status = staff_wait(exchange->member, CGW_WRITABLE, exchange->site);
        if (status != CGW_OK)
            return status;
    }
    return CGW_OK;
}

/* One that has ended may have answered before. */
static int take(struct exchange *exchange, void *ptr, size_t len)
{
    const struct staff_member *member = exchange->member;
    for (size_t done = 0; done < len;) {
        bool had_ended = member->has_ended;
        size_t piece = len - done < PIECE ? len - done : PIECE;
        ssize_t n = recv(member->fd, (char *)ptr + done, piece, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && (!is_later(n) || had_ended)))
            return CGW_ECRASHED;
        done += n > 0 ? (size_t)n : 0;
        if (done == len)
            break;
        int status = staff_wait(exchange->member, CGW_READABLE, exchange->site);
        if (status != CGW_OK)
            return status;
    }
    return CGW_OK;
}

static int take_answer(struct exchange *exchange)
{
    struct frame_answer frame;
    int status = take(exchange, &frame, sizeof(frame));
    if (status != CGW_OK)
        return status;
    if (frame.number != exchange->job.number || frame.len > exchange->job.max_bytes ||
        (frame.status < 0 && frame.len))
        return CGW_EINVALID;
    char *bytes = arena_alloc(exchange->arena, (size_t)frame.len + 1);
    if (!bytes)
        return CGW_ENOMEM;
    status = take(exchange, bytes, (size_t)frame.len);
    bytes[frame.len] = '\0';
    exchange->answer = frame.status;
    exchange->out = (cgw_str){bytes, (size_t)frame.len};
    return status;
}

static int talk(struct exchange *exchange)
{
    struct frame_job *job = &exchange->job;
    job->number = ++exchange->member->n_jobs << 32 | exchange->member->id;
    int status = give(exchange, job, sizeof(*job));
    if (status == CGW_OK)
        status = give(exchange, exchange->in.ptr, exchange->in.len);
    return status == CGW_OK ? take_answer(exchange) : status;
}

/* ---- what went wrong ---- */

static void say(const struct exchange *exchange, const char *what)
{
    const struct cgw_site *site = exchange->site;
    runtime_log(task_here()->runtime, exchange->call, CGW_LOG_ERROR,
                "cgw_process: %s() in a helper process, called at %s:%d by %s(): %s",
                exchange->name, site->file, site->line, site->function, what);
}

static void say_how_it_ended(const struct exchange *exchange, int status)
{
    char text[96];
    const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
    if (status < 0)
        snprintf(text, sizeof(text), "all helper processes were ended");
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof(text), "it was ended by signal %d (SIG%s)", WTERMSIG(status),
                 name ? name : "RT");
    else
        snprintf(text, sizeof(text), "it ended the process, with status %d", WEXITSTATUS(status));
    say(exchange, text);
}

static int not_begun(const struct exchange *exchange, int error)
{
    char text[96];
    snprintf(text, sizeof(text), "there is no process for it: %s", strerrordesc_np(error));
    say(exchange, text);
    return error == ENOMEM ? CGW_ENOMEM : CGW_EBUSY;
}

static int crashed(struct exchange *exchange)
{
    const struct staff_member *member = exchange->member;
    int status = staff_end(exchange->member, exchange->site);
    if (status != CGW_OK)
        return status;
    if (member->error)
        return not_begun(exchange, member->error);
    say_how_it_ended(exchange, member->status);
    return CGW_ECRASHED;
}

/* ---- the call ---- */

/* A test's clock stands while a helper works. */
static void tell_test(const struct runtime *runtime, int change)
{
    if (runtime->schedule)
        runtime->schedule->waits(runtime->home, change);
}

static int exchange_with(struct exchange *exchange)
{
    struct runtime *runtime = task_here()->runtime;
    tell_test(runtime, -1);
    int status = talk(exchange);
    if (status == CGW_ECRASHED)
        status = crashed(exchange);
    tell_test(runtime, 1);
    if (status == CGW_OK) {
        staff_give(exchange->member);
        return exchange->answer;
    }
    staff_dismiss(exchange->member);
    if (status == CGW_EINVALID)
        say(exchange, "what its process has sent is no answer");
    return status == CGW_EINVALID ? CGW_ECRASHED : status;
}

static int call_helper(struct exchange *exchange)
{
    int status = staff_take(exchange->staff, exchange->site, &exchange->member);
    return status == CGW_OK ? exchange_with(exchange) : status;
}

static int call_on_loop(void *arg)
{
    struct exchange *exchange = arg;
    const struct task *task = task_here();
    int status = CGW_EINVAL;
    exchange->staff = part_state(task->runtime->application, &part);
    if (!exchange->staff)
        return status;
    uint64_t max_bytes = exchange->options.max_bytes;
    exchange->job.max_bytes = max_bytes ? max_bytes : staff_options(exchange->staff)->max_bytes;
    exchange->job.len = exchange->in.len;
    if (exchange->in.len > exchange->job.max_bytes)
        return CGW_ETOOBIG;
    if (!exchange->arena)
        exchange->arena = task->arena;
    exchange->call = task->call;
    if (!(exchange->options.timeout > 0))
        return call_helper(exchange);
    CGW_TIMEOUT(exchange->options.timeout)
    {
        status = call_helper(exchange);
    }
    return status;
}

static int run(struct exchange *exchange, cgw_request *req, cgw_str *ret_out)
{
    exchange->arena = req ? &req->arena : NULL;
    int status = task_on_loop(call_on_loop, exchange);
    if (status >= 0)
        *ret_out = exchange->out;
    return status;
}

int cgw__process(cgw_request *req, cgw_process_fn *fn, const char *name, cgw_str in,
                 cgw_str *ret_out, struct cgw_process_options options, const struct cgw_site *site)
{
    struct exchange exchange = {
        .job.fn = fn, .name = name, .in = in, .options = options, .site = site};
    return run(&exchange, req, ret_out);
}

int cgw__process_model(cgw_request *req, const struct cgw__process_model *what, const void *in,
                       void *out, struct cgw_process_options options, const struct cgw_site *site)
{
    struct exchange exchange = {
        .job.model = what, .name = what->name, .options = options, .site = site};
    cgw_str text;
    if (!task_here())
        return CGW_EINVAL;
    exchange.in = cgw__encode(req, what->in(), in);
    if (!exchange.in.ptr)
        return CGW_ENOMEM;
    int answer = run(&exchange, req, &text);
    if (answer < 0)
        return answer;
    int status = cgw__parse(req, what->out(), text, out, NULL);
    return status < 0 ? status : answer;
}
