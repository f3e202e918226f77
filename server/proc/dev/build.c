/*
 * A build is a row of steps. One C file is compiled and linked by one; several are compiled side by
 * side, those only that changed since, and a last step links them. A build that was canceled
 * lingers until its processes are gone: make takes back what it had half done, and a compiler may
 * not remove what the next build has written.
 */
#include "proc/dev/build.h"
#include "base/list.h"
#include "base/mem.h"
#include "proc/dev/build_command.h"
#include "proc/dev/build_inputs.h"
#include "proc/dev/build_step.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIDE_BY_SIDE_MAX = 16, PATIENCE_S = 3 };

/* One C file: its object, where there are several, and the rule that says what it includes. */
struct unit {
    const char *source;
    char *argument; /* source, in a form that is no option */
    char *object, *rule;
    struct timespec began;
    bool is_done;
    struct build *build;
    struct build_step step;
};

struct build {
    struct list link; /* in lingering or waiting, or in none */
    struct ev_loop *loop;
    const struct settings *settings;
    build_done_fn *done; /* NULL: canceled */
    void *arg;
    struct build_command command;
    struct build_inputs inputs;
    char *output;
    struct unit *units;
    size_t n_units, n_running, n_done;
    bool has_failed, is_linking;
    struct build_step last; /* the link, or the command of --build */
    ev_timer patience;
    char *text;
    size_t len, n_lost;
};

static struct list lingering = {&lingering, &lingering}; /* canceled, with processes */
static struct list waiting = {&waiting, &waiting};       /* for lingering to be empty */

static void go_on(struct build *build);

/* ---- memory ---- */

static void free_unit(struct unit *unit)
{
    build_step_fini(&unit->step);
    mem_free(unit->argument);
    mem_free(unit->object);
    mem_free(unit->rule);
}

static void free_build(struct build *build)
{
    list_remove(&build->link);
    ev_timer_stop(build->loop, &build->patience);
    for (size_t i = 0; i < build->n_units; i++)
        free_unit(&build->units[i]);
    build_step_fini(&build->last);
    build_inputs_fini(&build->inputs);
    build_command_fini(&build->command);
    mem_free(build->units);
    mem_free(build->output);
    mem_free(build->text);
    mem_free(build);
}

/* A name that begins with a dash would be an option. */
static char *argument_of(const char *source)
{
    return mem_printf("%s%s", source[0] == '-' ? "./" : "", source);
}

/* beside the output: objects are kept for the next build, which has another output */
static bool init_unit(struct build *build, struct unit *unit, size_t i)
{
    const char *slash = strrchr(build->output, '/');
    int folder = slash ? (int)(slash + 1 - build->output) : 0;
    unit->build = build;
    unit->source = build->settings->sources.items[i];
    unit->argument = argument_of(unit->source);
    if (build->n_units == 1) {
        unit->object = mem_strdup(build->output);
        unit->rule = mem_printf("%s.d", build->output);
    } else {
        unit->object = mem_printf("%.*sunit%zu.o", folder, build->output, i);
        unit->rule = mem_printf("%.*sunit%zu.d", folder, build->output, i);
    }
    return unit->argument && unit->object && unit->rule;
}

static bool init_units(struct build *build)
{
    size_t n = build->settings->build ? 0 : build->settings->sources.n;
    build->units = mem_zalloc((n + 1) * sizeof *build->units);
    if (!build->units)
        return false;
    build->n_units = n;
    for (size_t i = 0; i < n; i++)
        if (!init_unit(build, &build->units[i], i) ||
            !build_inputs_add(&build->inputs, build->units[i].source))
            return false;
    return true;
}

static struct build *make_build(struct ev_loop *loop, const struct settings *settings,
                                const char *output_path)
{
    struct build *build = mem_zalloc(sizeof *build);
    if (!build)
        return NULL;
    list_init(&build->link);
    build->loop = loop;
    build->settings = settings;
    build->output = mem_strdup(settings->build ? settings->module : output_path);
    if (build->output && build_command_init(&build->command) == 0 && init_units(build))
        return build;
    free_build(build);
    return NULL;
}

/* ---- the text ---- */

static void say(struct build *build, const char *text, size_t len)
{
    if (!build->text)
        build->text = mem_alloc(BUILD_TEXT_BYTES);
    size_t room = build->text ? BUILD_TEXT_BYTES - build->len : 0, kept = len < room ? len : room;
    if (kept)
        memcpy(build->text + build->len, text, kept);
    build->len += kept;
    build->n_lost += len - kept;
}

/* Ours stand at the end even of a text that is too long: they take the place of its last bytes. */
static void say_ours(struct build *build, char *line)
{
    size_t n = line ? strlen(line) : 0;
    if (n && n <= BUILD_TEXT_BYTES && build->len > BUILD_TEXT_BYTES - n) {
        build->n_lost += build->len - (BUILD_TEXT_BYTES - n);
        build->len = BUILD_TEXT_BYTES - n;
    }
    if (n)
        say(build, line, n);
    mem_free(line);
}

static void say_step(struct build *build, const struct build_step *step)
{
    if (step->len)
        say(build, step->text, step->len);
    build->n_lost += step->n_lost;
}

static void say_all(struct build *build)
{
    int status = 0;
    size_t len = 0;
    for (size_t i = 0; i < build->n_units; i++) {
        const struct build_step *step = &build->units[i].step;
        say_step(build, step);
        if (step->status != 0 && status == 0)
            status = step->status, len = step->len;
    }
    say_step(build, &build->last);
    if (build->last.status != 0)
        status = build->last.status, len = build->last.len;
    if (build->n_lost)
        say_ours(build, mem_printf("\n... and %zu bytes more\n", build->n_lost));
    say_ours(build, build->settings->build
                        ? build_command_explain_own(build->settings->build, status)
                        : build_command_explain(&build->command, status, len));
}

/* ---- the end ---- */

static void read_rules(struct build *build)
{
    for (size_t i = 0; i < build->n_units; i++) {
        build_inputs_read(&build->inputs, build->units[i].rule);
        if (build->n_units == 1)
            unlink(build->units[i].rule);
    }
    if (build->has_failed)
        build_inputs_guess(&build->inputs);
}

static void finish(struct build *build)
{
    say_all(build);
    read_rules(build);
    if (!build->has_failed && access(build->output, F_OK) < 0) {
        build->has_failed = true;
        say_ours(build, mem_printf("cgw-serve: %s ended well, but %s is not there: %s\n",
                                   build->settings->build ? build->settings->build
                                                          : build->command.compiler,
                                   build->output, strerror(errno)));
    }
    if (build->has_failed && !build->settings->build)
        unlink(build->output);
    build->done(build->arg, build->has_failed ? NULL : build->output,
                build->text ? build->text : "", build->len);
    free_build(build);
}

/* The last of those that were canceled is gone: the others may begin. */
static void start_waiting(void)
{
    struct list *node;
    while (list_is_empty(&lingering) && (node = list_take(&waiting)))
        go_on(list_owner(node, struct build, link));
}

static void stop_lingering(struct build *build)
{
    free_build(build);
    start_waiting();
}

static bool is_canceled(const struct build *build)
{
    return !build->done;
}

/* A step that could not begin fails like one that did. */
static void fail_step(struct build *build, int error)
{
    build->has_failed = true;
    say_ours(build, mem_printf("cgw-serve: no process for the build: %s\n", strerror(-error)));
}

/* ---- one unit ---- */

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* Is the object of an earlier build still right? Its time is when that began; ctime, as a file that
   is moved into place keeps its mtime. */
static bool is_fresh(const struct unit *unit)
{
    struct build_inputs inputs = {NULL, 0};
    struct stat object, input;
    if (stat(unit->object, &object) < 0 || build_inputs_read(&inputs, unit->rule) < 0) {
        build_inputs_fini(&inputs);
        return false;
    }
    bool is_fresh = inputs.n > 0;
    for (size_t i = 0; is_fresh && i < inputs.n; i++)
        is_fresh = stat(inputs.paths[i], &input) == 0 && is_before(&input.st_ctim, &object.st_mtim);
    build_inputs_fini(&inputs);
    return is_fresh;
}

static void end_unit(struct build_step *step)
{
    struct unit *unit = step->arg;
    struct build *build = unit->build;
    struct timespec times[2] = {unit->began, unit->began};
    build->n_running--;
    build->n_done++;
    if (step->status != 0) {
        build->has_failed = true;
        unlink(unit->object);
    } else if (build->n_units > 1 && utimensat(AT_FDCWD, unit->object, times, 0) < 0) {
        unlink(unit->rule); /* then it is compiled again next time */
    }
    go_on(build);
}

static void start_unit(struct build *build, struct unit *unit)
{
    const struct build_command *command = &build->command;
    const char *argv[] = {build->n_units == 1 ? command->module : command->compile, unit->rule,
                          unit->object, unit->argument, NULL};
    if (build->n_units > 1 && is_fresh(unit)) {
        build->n_done++;
        return;
    }
    unlink(unit->rule);
    /* The clock that files are stamped with. */
    clock_gettime(CLOCK_REALTIME_COARSE, &unit->began);
    unit->step.ended = end_unit;
    unit->step.arg = unit;
    int status = build_step_start(&unit->step, build->loop, argv, command->search_path);
    if (status < 0) {
        fail_step(build, status);
        build->n_done++;
        return;
    }
    build->n_running++;
}

/* ---- the last step ---- */

static void end_last(struct build_step *step)
{
    struct build *build = step->arg;
    build->n_running--;
    build->has_failed |= step->status != 0;
    go_on(build);
}

static int run_last(struct build *build, const char *const *argv)
{
    build->last.ended = end_last;
    build->last.arg = build;
    int status = build_step_start(&build->last, build->loop, argv,
                                  build->settings->build ? NULL : build->command.search_path);
    if (status == 0)
        build->n_running++;
    return status;
}

static int start_last(struct build *build)
{
    size_t n = 0;
    const char *own[] = {build->settings->build, NULL};
    build->is_linking = true;
    if (build->settings->build)
        return run_last(build, own);
    const char **argv = mem_alloc((build->n_units + 3) * sizeof *argv);
    if (!argv)
        return -ENOMEM;
    argv[n++] = build->command.link;
    argv[n++] = build->output;
    for (size_t i = 0; i < build->n_units; i++)
        argv[n++] = build->units[i].object;
    argv[n] = NULL;
    int status = run_last(build, argv);
    mem_free(argv);
    return status;
}

/* ---- all ---- */

static size_t side_by_side(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > SIDE_BY_SIDE_MAX ? SIDE_BY_SIDE_MAX : (size_t)n;
}

/* Start what can be started; the end, when there is nothing more. Errors of all units are shown, so
   those that are left are compiled even when one has failed. */
static void go_on(struct build *build)
{
    size_t next = build->n_done + build->n_running;
    if (is_canceled(build)) {
        if (build->n_running == 0)
            stop_lingering(build);
        return;
    }
    while (!build->is_linking && next < build->n_units && build->n_running < side_by_side())
        start_unit(build, &build->units[next++]);
    if (build->n_running > 0)
        return;
    if (!build->has_failed && !build->is_linking && build->n_units != 1) {
        int status = start_last(build);
        if (status == 0)
            return;
        fail_step(build, status);
    }
    finish(build);
}

static void on_begin(struct ev_loop *loop, ev_timer *patience, int events)
{
    (void)loop, (void)events;
    go_on(patience->data);
}

int build_start(struct ev_loop *loop, const struct settings *settings, const char *output_path,
                build_done_fn *done, void *arg, struct build **ret_build, char **ret_error)
{
    struct build *build = make_build(loop, settings, output_path);
    *ret_error = NULL;
    if (!build)
        return -ENOMEM;
    build->done = done;
    build->arg = arg;
    *ret_build = build;
    ev_timer_init(&build->patience, on_begin, 0, 0);
    build->patience.data = build;
    if (!list_is_empty(&lingering))
        list_append(&waiting, &build->link);
    else
        ev_timer_start(loop, &build->patience); /* so that done never runs from in here */
    return 0;
}

/* ---- canceling ---- */

static void kill_steps(struct build *build, int number)
{
    for (size_t i = 0; i < build->n_units; i++)
        build_step_kill(&build->units[i].step, number);
    build_step_kill(&build->last, number);
}

static void on_patience(struct ev_loop *loop, ev_timer *patience, int events)
{
    struct build *build = patience->data;
    (void)loop, (void)events;
    kill_steps(build, SIGKILL);
    stop_lingering(build);
}

void build_cancel(struct build *build)
{
    if (!build)
        return;
    build->done = NULL;
    list_remove(&build->link);
    ev_timer_stop(build->loop, &build->patience);
    if (build->n_running == 0) {
        free_build(build);
        return;
    }
    kill_steps(build, SIGTERM);
    list_append(&lingering, &build->link);
    ev_timer_init(&build->patience, on_patience, PATIENCE_S, 0);
    build->patience.data = build;
    ev_timer_start(build->loop, &build->patience);
}

static void forget_one(const struct build *build)
{
    for (size_t i = 0; i < build->n_units; i++)
        build_step_forget(&build->units[i].step);
    build_step_forget(&build->last);
}

void build_forget(const struct build *build)
{
    if (build)
        forget_one(build);
    list_each (node, &lingering)
        forget_one(list_owner(node, struct build, link));
}

const struct build_inputs *build_inputs(const struct build *build)
{
    return &build->inputs;
}
