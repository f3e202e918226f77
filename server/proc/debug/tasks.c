/* One walk over tasks or calls, with a printer for each kind of line. */
#include "proc/debug/tasks.h"
#include "base/clock.h"
#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum {
    LOGGED_MAX = 1000, /* lines of one list: the log's buffer is for other lines, too */
    LAST_BYTES = 200,  /* kept for the last line of a text */
    NAME_BYTES = 128
};

struct walk {
    const struct tasks_worker *worker;
    uint64_t now_us;
    uint64_t tasks, calls, shown;
    void (*task)(struct walk *walk, const struct cgw_task *task);
    void (*call)(struct walk *walk, const struct call *call);
    char *text; /* of a text; */
    size_t len, room;
};

/* ---- walking ---- */

static const struct cgw_tasks *table_of(const struct cgw_app *app)
{
    const struct cgw_tasks *table = NULL;
    if (app->kind == CGW_ASYNC && app->extension)
        table = app->extension(CGW_EXT_TASKS);
    return table && table->size >= sizeof *table && table->each ? table : NULL;
}

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

static void on_task(void *arg, const struct cgw_task *task)
{
    struct walk *walk = arg;
    walk->tasks++;
    if (task->size < sizeof *task)
        return;
    struct cgw_task whole = *task;
    whole.name = or_dash(task->name);
    whole.route = or_dash(task->route);
    whole.state = or_dash(task->state);
    whole.file = or_dash(task->file);
    whole.function = or_dash(task->function);
    walk->task(walk, &whole);
}

/* Who lists its tasks has its calls among them: they are only counted then. */
static void walk_all(struct walk *walk)
{
    struct call_runtime *runtime = walk->worker->runtime;
    const struct cgw_tasks *table = table_of(runtime->app);
    walk->now_us = clock_now_us();
    if (table)
        table->each(runtime->state, on_task, walk);
    list_each (node, &runtime->running) {
        const struct call *call = list_owner(node, struct call, running);
        if (!call->is_counted)
            continue;
        walk->calls++;
        if (!table)
            walk->call(walk, call);
    }
}

static unsigned long long since_ms(const struct walk *walk, uint64_t then_us)
{
    return walk->now_us > then_us ? (walk->now_us - then_us) / 1000 : 0;
}

/* Where it is suspended: "app.c:42", or "-". */
static const char *print_site(const struct cgw_task *task, char dst[NAME_BYTES])
{
    if (!task->line)
        return "-";
    snprintf(dst, NAME_BYTES, "%.100s:%u", task->file, task->line);
    return dst;
}

static struct str or_dash_str(const char *ptr, size_t len)
{
    return len ? (struct str){ptr, len} : STR("-");
}

/* ---- to the log ---- */

static bool may_log(struct walk *walk)
{
    return ++walk->shown <= LOGGED_MAX;
}

static void log_task(struct walk *walk, const struct cgw_task *task)
{
    char site[NAME_BYTES];
    if (may_log(walk))
        log_line(LOG_LEVEL_INFO, 320,
                 "a task id=%llu parent=%llu task=%s route=%s state=%s function=%s site=%s "
                 "thread=%s since_ms=%llu worker=%u",
                 (unsigned long long)task->id, (unsigned long long)task->parent, task->name,
                 task->route, task->state, task->function, print_site(task, site),
                 task->is_on_thread ? "pool" : "loop", (unsigned long long)task->since_us / 1000,
                 walk->worker->position);
}

static void log_call(struct walk *walk, const struct call *call)
{
    const struct cgw_scope *scope = &call->scope;
    struct str route = or_dash_str(call->route_name.ptr, call->route_name.len);
    if (may_log(walk))
        log_line(LOG_LEVEL_INFO, 321,
                 "a call in flight call=%016llx method=%.*s path=%.*s route=%.*s age_ms=%llu "
                 "worker=%u",
                 (unsigned long long)call->id, (int)scope->method.len, scope->method.ptr,
                 (int)scope->raw_path.len, scope->raw_path.ptr, (int)route.len, route.ptr,
                 since_ms(walk, call->started_us), walk->worker->position);
}

void tasks_log(const struct tasks_worker *worker)
{
    struct walk walk = {.worker = worker, .task = log_task, .call = log_call};
    walk_all(&walk);
    log_line(LOG_LEVEL_INFO, 322,
             "what this worker does tasks=%llu calls=%llu listed=%llu "
             "worker=%u pid=%d",
             (unsigned long long)walk.tasks, (unsigned long long)walk.calls,
             (unsigned long long)(walk.shown < LOGGED_MAX ? walk.shown : LOGGED_MAX),
             worker->position, (int)getpid());
}

/* ---- as a text ---- */

/* A whole line or none, escaped; the newline is ours. */
__attribute__((format(printf, 3, 4))) static bool print(struct walk *walk, size_t spared,
                                                        const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    if (walk->room - walk->len < 4 * len + 2 + spared) /* each byte may become \xNN */
        return false;
    walk->len +=
        log_escape(walk->text + walk->len, walk->room - walk->len - 1, (struct str){line, len});
    walk->text[walk->len++] = '\n';
    walk->text[walk->len] = '\0';
    return true;
}

static void print_task(struct walk *walk, const struct cgw_task *task)
{
    char site[NAME_BYTES];
    walk->shown +=
        print(walk, LAST_BYTES,
              "  task %llu of %llu: %.128s, route %.256s, %s%.128s since %llu ms, in "
              "%.128s at %s",
              (unsigned long long)task->id, (unsigned long long)task->parent, task->name,
              task->route, task->is_on_thread ? "on a thread, " : "", task->state,
              (unsigned long long)task->since_us / 1000, task->function, print_site(task, site));
}

static void print_call(struct walk *walk, const struct call *call)
{
    const struct cgw_scope *scope = &call->scope;
    struct str route = or_dash_str(call->route_name.ptr, call->route_name.len);
    int path_len = scope->raw_path.len < 512 ? (int)scope->raw_path.len : 512;
    walk->shown += print(walk, LAST_BYTES, "  call %016llx: %.*s %.*s, route %.*s, since %llu ms",
                         (unsigned long long)call->id,
                         (int)(scope->method.len < 32 ? scope->method.len : 32), scope->method.ptr,
                         path_len, scope->raw_path.ptr, (int)(route.len < 256 ? route.len : 256),
                         route.ptr, since_ms(walk, call->started_us));
}

size_t tasks_print(const struct tasks_worker *worker, char *dst, size_t room)
{
    struct walk walk = {
        .worker = worker, .task = print_task, .call = print_call, .text = dst, .room = room};
    dst[0] = '\0';
    print(&walk, LAST_BYTES, "worker %u, pid %d, generation %u", worker->position, (int)getpid(),
          worker->generation);
    walk_all(&walk);
    print(&walk, 0, "  tasks %llu, calls %llu, listed %llu", (unsigned long long)walk.tasks,
          (unsigned long long)walk.calls, (unsigned long long)walk.shown);
    return walk.len;
}
