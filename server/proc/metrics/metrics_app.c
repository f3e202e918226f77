/* Every answer is one text, made when it is asked for and kept until it is written. */
#include "proc/metrics/metrics_app.h"
#include "base/mem.h"
#include "base/number.h"
#include "proc/metrics/metrics_text.h"
#include <unistd.h>

static struct {
    const struct board *board;
    const char *path; /* NULL: the process is the metrics' own */
} shown;

/* In the call's memory. */
struct answer {
    uint16_t status;
    const char *type;
    struct cgw_str body; /* static text, or page's */
    struct page page;
    char length[20];
    struct cgw_header fields[4];
    struct cgw_event events[2];
};

static struct str path_of(const struct cgw_scope *scope)
{
    struct str path = {scope->raw_path.ptr, scope->raw_path.len};
    size_t root = scope->root_path.len;
    if (root && root <= path.len && !memcmp(path.ptr, scope->root_path.ptr, root))
        path = (struct str){path.ptr + root, path.len - root};
    return path;
}

static struct cgw_str to_cgw(const char *text)
{
    return (struct cgw_str){text, strlen(text)};
}

static void say(struct answer *answer, uint16_t status, const char *text)
{
    answer->status = status;
    answer->body = to_cgw(text);
}

static void say_metrics(struct answer *answer)
{
    if (metrics_text_print(&answer->page, shown.board) < 0) {
        say(answer, 503, "out of memory\n");
        return;
    }
    answer->status = 200;
    answer->type = METRICS_TEXT_TYPE;
    answer->body = (struct cgw_str){answer->page.text, answer->page.len};
}

/* This process is the supervisor's child: it has another parent as soon as that is gone. */
static void say_health(struct answer *answer)
{
    if (getppid() == atomic_load(&shown.board->supervisor))
        say(answer, 200, "ok\n");
    else
        say(answer, 503, "the supervisor is gone\n");
}

static bool has_serving_worker(void)
{
    for (size_t i = 0; i < BOARD_SLOTS && i < atomic_load(&shown.board->n_used); i++)
        if (atomic_load(&shown.board->slots[i].state) == BOARD_SERVING)
            return true;
    return false;
}

static void say_ready(struct answer *answer)
{
    if (atomic_load(&shown.board->is_draining))
        say(answer, 503, "draining\n");
    else if (!has_serving_worker())
        say(answer, 503, "no worker serves\n");
    else
        say(answer, 200, "ok\n");
}

static void say_index(struct answer *answer)
{
    say(answer, 200,
        "/metrics  what the server counts, for Prometheus\n"
        "/healthz  200 while the server lives\n"
        "/readyz   200 while a worker takes requests\n");
}

static const struct {
    struct str path;
    void (*say)(struct answer *answer);
} places[] = {{{"/metrics", 8}, say_metrics},
              {{"/healthz", 8}, say_health},
              {{"/readyz", 7}, say_ready},
              {{"/", 1}, say_index}};

static void choose_answer(struct answer *answer, const struct cgw_scope *scope)
{
    struct str path = path_of(scope), method = {scope->method.ptr, scope->method.len};
    void (*found)(struct answer *) = shown.path ? say_metrics : NULL;
    for (size_t i = 0; !shown.path && i < sizeof places / sizeof places[0]; i++)
        if (str_is(path, places[i].path))
            found = places[i].say;
    if (!found)
        say(answer, 404, "there is nothing here: see /\n");
    else if (!str_is(method, STR("GET")) && !str_is(method, STR("HEAD")))
        say(answer, 405, "GET and HEAD only\n");
    else
        found(answer);
}

/* Nothing is lent any more. */
static void answered(struct cgw_call *call, int status, void *arg)
{
    struct answer *answer = arg;
    page_fini(&answer->page);
    call->host->finish(call, status);
}

static void give(struct cgw_call *call, struct answer *answer)
{
    size_t n = answer->status == 405 ? 4 : 3;
    size_t digits = number_print(answer->length, answer->body.len);
    answer->fields[0] = (struct cgw_header){to_cgw("content-type"), to_cgw(answer->type)};
    answer->fields[1] = (struct cgw_header){to_cgw("content-length"), {answer->length, digits}};
    answer->fields[2] = (struct cgw_header){to_cgw("cache-control"), to_cgw("no-store")};
    answer->fields[3] = (struct cgw_header){to_cgw("allow"), to_cgw("GET, HEAD")};
    answer->events[0] = cgw_event_start(answer->status, answer->fields, n);
    answer->events[1] = cgw_event_body(&answer->body, 1, 0);
    int status = call->host->send(call, answer->events, 2, answered, answer);
    if (status != CGW_PENDING)
        answered(call, status, answer);
}

static void begin(struct cgw_call *call)
{
    struct answer *answer = NULL;
    if (call->scope->type == CGW_SCOPE_HTTP)
        answer = call->host->alloc(call, sizeof *answer);
    if (!answer) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    *answer = (struct answer){.type = "text/plain; charset=utf-8"};
    choose_answer(answer, call->scope);
    give(call, answer);
}

const struct cgw_app metrics_app = {.magic = CGW_MAGIC,
                                    .abi_major = CGW_ABI_MAJOR,
                                    .abi_minor = CGW_ABI_MINOR,
                                    .size = sizeof(struct cgw_app),
                                    .kind = CGW_ASYNC,
                                    .name = "metrics",
                                    .call = begin};

void metrics_app_init(const struct board *board, const char *path)
{
    shown.board = board;
    shown.path = path;
}

const struct cgw_app *metrics_choose(struct call *call)
{
    bool is_here = shown.path && call->scope.type == CGW_SCOPE_HTTP &&
                   str_is(path_of(&call->scope), str_from(shown.path));
    return is_here ? &metrics_app : NULL;
}
