/*
 * Helper processes that do what they should, and what they should not. The worker and all helpers
 * share a page, mapped before the first of them was forked: there a function says that it runs, and
 * waits until it may go on, so a test knows what is in progress without looking at a clock.
 */
#include <cgw.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

CGW_PROCESSES(.helpers = 2, .idle = 60, .acquire_timeout = 0.4, .max_bytes = 8 << 20,
              .memory = 64 << 20, .nice = 1);
CGW_APPLICATION(.name = "sdk_process");

static struct shared {
    atomic_int running, may_go, begun;
} * shared;
static int start_has_run;
static volatile unsigned sink;

__attribute__((constructor)) static void share(void)
{
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

typedef struct App {
    int unused;
} App;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    (void)boot, (void)app;
    start_has_run = 1;
    return 0;
}
static void stop(App *app)
{
    (void)app;
}

/* ---- in helpers ---- */

/* Computes, until told to end. Answers the milliseconds of processor that it took. */
static int spin(cgw_str in, cgw_output *out)
{
    (void)in;
    atomic_fetch_add(&shared->begun, 1);
    atomic_fetch_add(&shared->running, 1);
    while (!atomic_load(&shared->may_go))
        sink++;
    atomic_fetch_sub(&shared->running, 1);
    return cgw_output_printf(out, "%ld", clock() * 1000 / CLOCKS_PER_SEC);
}

static int echo(cgw_str in, cgw_output *out)
{
    return cgw_output_add(out, in.ptr, in.len);
}

static NOINLINE unsigned dig(volatile const unsigned char *above, unsigned depth)
{
    volatile unsigned char frame[4096];
    if (sink == ~0u)
        return 0;
    frame[depth % sizeof(frame)] = above[0];
    return dig(frame, depth + 1) + frame[0];
}

static NOINLINE void write_nowhere(void)
{
    *(volatile int *)(uintptr_t)(sink & 0) = 1;
}

static void take_memory(void)
{
    for (;;) {
        char *piece = malloc(1 << 20);
        if (!piece)
            abort();
        memset(piece, 1, 1 << 20);
    }
}

static void at_exit(void)
{
    static const char text[] = "atexit of the helper\n";
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        abort();
}

static int die(cgw_str how, cgw_output *out)
{
    static const unsigned char first;
    const char *name = how.ptr;
    (void)out;
    if (strcmp(name, "segv") == 0)
        write_nowhere();
    else if (strcmp(name, "abort") == 0)
        abort();
    else if (strcmp(name, "overflow") == 0)
        return (int)(dig(&first, 1) & 1);
    else if (strcmp(name, "memory") == 0)
        take_memory();
    else if (strcmp(name, "kill") == 0)
        raise(SIGKILL);
    else if (strcmp(name, "exit") == 0 && atexit(at_exit) == 0)
        exit(3);
    else if (strcmp(name, "_exit") == 0)
        _exit(4);
    else if (strcmp(name, "close") == 0)
        while (closefrom(3), true)
            pause();
    else if (strcmp(name, "forge") == 0)
        return write(3, "HTTP/1.1 200 OK, and what is no answer at all\r\n\r\n", 48) == 48 ? 0 : -1;
    else if (strcmp(name, "zygote") == 0)
        kill(getppid(), SIGKILL), pause();
    return -EINVAL;
}

static int count_descriptors(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += lseek(fd, 0, SEEK_CUR) >= 0 || errno != EBADF;
    return n;
}

static int look(cgw_str in, cgw_output *out)
{
    struct sigaction action;
    (void)in;
    sigaction(SIGSEGV, NULL, &action);
    printf("printed in the helper\n");
    return cgw_output_printf(out, "fds %d start %d segv %d suspends %d now %d pid %d",
                             count_descriptors(), start_has_run, action.sa_handler == SIG_DFL,
                             cgw_sleep(1), cgw_now() > 0, (int)getpid());
}

static int refuse(cgw_str in, cgw_output *out)
{
    (void)cgw_output_add(out, in.ptr, in.len);
    return -ENOTTY;
}

static int much(cgw_str in, cgw_output *out)
{
    static char piece[65536];
    for (long left = strtol(in.ptr, NULL, 10); left > 0; left -= (long)sizeof(piece))
        if (cgw_output_add(out, piece, left < (long)sizeof(piece) ? (size_t)left : sizeof(piece)))
            return 7;
    return 7;
}

#define POINT(F) F(i64, x) F(i64, y) F(str, name, .max_len = 10)
CGW_MODEL(Point, POINT)
CGW_PROCESS(mirror, Point, Point)
{
    if (in->x == 13)
        return CGW_ECONFLICT;
    *out = (Point){.x = in->y, .y = in->x, .name = in->name};
    return 5;
}

/* ---- in the worker ---- */

static cgw_str string(const char *text)
{
    return (cgw_str){text, strlen(text)};
}

static cgw_reply tell(cgw_request *req, int code, cgw_str out)
{
    if (code < 0)
        return cgw_text(req, 500, "%d %s\n", code, cgw_strerror(code));
    return cgw_text(req, 200, "%d %.*s\n", code, (int)out.len, out.ptr ? out.ptr : "");
}

CGW_GET(status, "/status")
{
    return cgw_text(req, 200, "running %d begun %d\n", atomic_load(&shared->running),
                    atomic_load(&shared->begun));
}

CGW_POST(go, "/go/{yes:int}")
{
    atomic_store(&shared->may_go, (int)cgw_path_i64(req, "yes"));
    return cgw_empty(req, 204);
}

CGW_GET(spin_route, "/spin", .cancel = true)
{
    cgw_str out;
    int code = cgw_process(req, spin, string(""), &out);
    return tell(req, code, out);
}

CGW_GET(spin_sync, "/spin-sync", .mode = CGW_SYNC)
{
    cgw_str out;
    int code = cgw_process(req, spin, string(""), &out);
    return tell(req, code, out);
}

CGW_GET(spin_for, "/spin-for/{ms:int}")
{
    cgw_str out;
    int code =
        cgw_process(req, spin, string(""), &out, .timeout = (double)cgw_path_i64(req, "ms") / 1000);
    atomic_store(&shared->running, 0);
    return tell(req, code, out);
}

CGW_GET(die_route, "/die/{how}")
{
    cgw_str out;
    int code = cgw_process(req, die, string(cgw_path(req, "how")), &out);
    return tell(req, code, out);
}

CGW_GET(look_route, "/look")
{
    cgw_str out;
    int code = cgw_process(req, look, string(""), &out);
    return tell(req, code, out);
}

CGW_GET(refuse_route, "/refuse")
{
    cgw_str out = string("untouched");
    int code = cgw_process(req, refuse, string("text"), &out);
    return cgw_text(req, 200, "%d %s\n", code, out.ptr);
}

CGW_POST(echo_route, "/echo", .max_body = 32 << 20)
{
    cgw_str body, out;
    CGW_TRY(req, cgw_body_text(req, &body));
    int code = cgw_process(req, echo, body, &out);
    if (code < 0)
        return tell(req, code, out);
    return cgw_bytes(req, 200, "application/octet-stream", out);
}

CGW_GET(much_route, "/much/{n}")
{
    cgw_str out = {NULL, 0};
    int code = cgw_process(req, much, string(cgw_path(req, "n")), &out, .max_bytes = 1 << 20);
    return code < 0 ? tell(req, code, out) : cgw_text(req, 200, "%d %zu\n", code, out.len);
}

CGW_POST(mirror_route, "/mirror", .body = Point_model)
{
    Point out = {0};
    int code = cgw_process_model(req, mirror, cgw_body(req, Point), &out);
    return code == 5 ? cgw_json(req, 200, Point, &out) : tell(req, code, string(""));
}
