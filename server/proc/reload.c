/*
 * From what is on disk to a generation: build where there is something to build, copy under a fresh
 * name, hand it to the crew. When any step fails the generation before goes on serving.
 */
#include "base/log.h"
#include "base/mem.h"
#include "proc/dev/dev_pages.h"
#include "proc/supervisor_parts.h"
#include "proc/system/notify.h"
#include "proc/worker.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TITLE_BYTES = 256, SHOW_MS = 1000 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_built(const struct settings *settings)
{
    return settings->sources.n || settings->build;
}

static bool is_served(const struct supervisor *supervisor)
{
    const struct generation *target = supervisor->crew.target;
    return target && target->is_good && !target->app;
}

/* The service manager hears of the end of what it has heard the beginning of. */
static void end_reload(struct supervisor *supervisor)
{
    if (supervisor->is_reloading)
        notify_send("READY=1");
    supervisor->is_reloading = false;
}

static void hand_over(struct supervisor *supervisor, char *copy, const struct cgw_app *app)
{
    struct generation *generation = generation_new(
        ++supervisor->n_generations, supervisor->configuration, supervisor->store, copy, app);
    if (generation) {
        crew_switch(&supervisor->crew, generation);
        generation_unref(generation);
        return;
    }
    log_line(LOG_LEVEL_ERROR, 134, "out of memory: there is no new generation");
    module_store_drop(supervisor->store, copy);
    mem_free(copy);
    end_reload(supervisor);
    if (!is_served(supervisor))
        supervisor_stop(supervisor, EXIT_CANNOT_RUN);
}

/* ---- what went wrong ---- */

/* false: nobody reads, or it is closed. */
static bool show_some(const char *text, size_t *at, size_t len)
{
    struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};
    size_t some = len - *at < PIPE_BUF ? len - *at : PIPE_BUF;
    if (poll(&writable, 1, SHOW_MS) <= 0)
        return false;
    ssize_t n = write(STDERR_FILENO, text + *at, some);
    if (n > 0)
        *at += (size_t)n;
    return n > 0 || errno == EINTR || errno == EAGAIN;
}

/*
 * The compiler's own lines are for the one who has just saved: as they are, to the terminal. One
 * that stands still does not hold up the server, and what it says to a server in its background
 * (TTOU) is no order to have fewer workers.
 */
static void show(const char *text, size_t len)
{
    sigset_t ttou, before;
    size_t at = 0;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU);
    sigprocmask(SIG_BLOCK, &ttou, &before);
    while (at < len && show_some(text, &at, len))
        ;
    if (len && at == len && text[len - 1] != '\n') {
        at = 0;
        show_some("\n", &at, 1);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* There is nothing that serves, and nothing to go back to: in development that is a page, too. */
static void go_without(struct supervisor *supervisor, int exit_code)
{
    if (supervisor->crew.target && supervisor->crew.target->app)
        return;
    if (supervisor_settings(supervisor)->reload)
        hand_over(supervisor, NULL, &dev_no_app);
    else
        supervisor_stop(supervisor, exit_code);
}

/* There is no new generation. */
static void fail(struct supervisor *supervisor, int exit_code, const char *title, const char *text,
                 size_t len)
{
    bool serves = is_served(supervisor), is_tried = supervisor->crew.target;
    board_add(&supervisor->board->reloads_failed, serves || supervisor->has_served);
    if (supervisor_settings(supervisor)->reload)
        board_dev_set(supervisor->board, title, text, len);
    if (serves)
        log_line(LOG_LEVEL_ERROR, 135, "%s: generation %u goes on serving", title,
                 supervisor->crew.target->number);
    else
        log_line(LOG_LEVEL_ERROR, 136, "%s", title);
    end_reload(supervisor);
    if (!is_tried) /* else one that was read before is still on its way */
        go_without(supervisor, exit_code);
}

/* ---- from the module to a generation ---- */

static void copy_module(struct supervisor *supervisor)
{
    const char *module = supervisor_settings(supervisor)->module;
    char *copy = NULL, *error = NULL, title[TITLE_BYTES];
    int rc =
        module_store_copy(supervisor->store, module, supervisor->n_generations + 1, &copy, &error);
    if (rc < 0) {
        const char *text = error ? error : "out of memory";
        snprintf(title, sizeof title, "%s cannot be loaded", base_name(module));
        log_line(LOG_LEVEL_ERROR, 137, "%s", text);
        fail(supervisor, EXIT_MODULE, title, text, strlen(text));
        mem_free(error);
        return;
    }
    hand_over(supervisor, copy, NULL);
}

/* Headers that were included count from now on, also those of a build that failed. */
static void follow_inputs(struct supervisor *supervisor)
{
    const struct build_inputs *inputs = build_inputs(supervisor->build);
    if (supervisor->watch && inputs->n &&
        watch_inputs(supervisor->watch, (const char *const *)inputs->paths, inputs->n) < 0)
        log_line(LOG_LEVEL_WARNING, 138, "out of memory: changed headers are not noticed");
}

static void on_built(void *arg, const char *output_path, const char *text, size_t len)
{
    struct supervisor *supervisor = arg;
    const struct settings *settings = supervisor_settings(supervisor);
    char title[TITLE_BYTES];
    follow_inputs(supervisor);
    supervisor->build = NULL;
    show(text, len);
    if (!output_path) {
        snprintf(title, sizeof title,
                 settings->build ? "the build of %s failed" : "%s does not compile",
                 base_name(settings->module));
        fail(supervisor, EXIT_MODULE, title, text, len);
    } else if (settings->build) {
        copy_module(supervisor);
    } else {
        char *copy = mem_strdup(output_path);
        if (copy)
            hand_over(supervisor, copy, NULL);
        else
            fail(supervisor, EXIT_CANNOT_RUN, "out of memory", "", 0);
    }
}

static void begin_build(struct supervisor *supervisor)
{
    const struct settings *settings = supervisor_settings(supervisor);
    char *error = NULL;
    char *output = module_store_name(supervisor->store, supervisor->n_generations + 1);
    build_cancel(supervisor->build);
    supervisor->build = NULL;
    int rc = output ? build_start(supervisor->loop, settings, output, on_built, supervisor,
                                  &supervisor->build, &error)
                    : -ENOMEM;
    if (rc < 0) {
        const char *text = error ? error : "out of memory";
        log_line(LOG_LEVEL_ERROR, 139, "%s", text);
        fail(supervisor, EXIT_CANNOT_RUN, "the build cannot be started", text, strlen(text));
    }
    mem_free(error);
    mem_free(output);
}

void reload_begin(struct supervisor *supervisor, const char *why)
{
    if (supervisor->is_stopping)
        return;
    if (why) {
        log_line(LOG_LEVEL_INFO, 140, "reloading cause=%s", why);
        board_add(&supervisor->board->reloads, 1);
        notify_reloading();
        supervisor->is_reloading = true;
    }
    if (is_built(supervisor_settings(supervisor)))
        begin_build(supervisor);
    else
        copy_module(supervisor);
}

/* ---- options, read anew ---- */

static bool differ(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) != 0 : a != b;
}

/* What was settled when the sockets were opened stays. */
static void tell_unchanged(const struct settings *old, const struct settings *new)
{
    if (differ(old->host, new->host) || old->port != new->port || differ(old->uds, new->uds) ||
        old->fd != new->fd || old->reuseport != new->reuseport ||
        differ(old->metrics, new->metrics) || differ(old->pid_file, new->pid_file) ||
        old->debug != new->debug || differ(old->debug_address, new->debug_address) ||
        differ(old->user, new->user) || differ(old->group, new->group) ||
        differ(old->error_log, new->error_log) || old->reload != new->reload)
        log_line(
            LOG_LEVEL_WARNING, 141,
            "options of sockets, metrics, debugging, user, error log, pid file and --reload are "
            "only read at the start: start the server anew for those that changed");
}

void reload_with_options(struct supervisor *supervisor)
{
    struct options *options;
    int exit_code;
    if (options_load(supervisor->argc, supervisor->argv, supervisor->envp, &options, &exit_code) <
        0) {
        log_line(LOG_LEVEL_ERROR, 142,
                 "the options have errors, see standard error: all stays as it is");
        return;
    }
    struct configuration *configuration = configuration_new(options);
    if (!configuration) {
        options_free(options);
        log_line(LOG_LEVEL_ERROR, 143, "cannot read the options anew: out of memory");
        return;
    }
    const struct settings *settings = configuration->settings;
    bool is_resized = supervisor_settings(supervisor)->workers != settings->workers;
    tell_unchanged(supervisor_settings(supervisor), settings);
    options_keep_reload(configuration->options, supervisor_settings(supervisor)->reload);
    reload_end(supervisor); /* it reads what may be freed now */
    configuration_unref(supervisor->configuration);
    supervisor->configuration = configuration;
    reload_watch(supervisor);
    supervisor_watch_loops(supervisor);
    if (is_resized)
        supervisor_resize(supervisor, supervisor_workers(settings));
    reload_begin(supervisor, "HUP");
}

/* ---- the crew's events ---- */

void reload_ready(struct supervisor *supervisor, struct generation *generation)
{
    if (!generation->app && generation == supervisor->crew.target)
        board_dev_set(supervisor->board, NULL, NULL, 0);
}

void reload_settled(struct supervisor *supervisor)
{
    if (supervisor->build) /* the one that counts is still to come */
        return;
    if (supervisor->is_reloading)
        log_line(LOG_LEVEL_INFO, 144, "reloaded generation=%u", supervisor->crew.target->number);
    end_reload(supervisor);
}

void reload_failed(struct supervisor *supervisor, struct generation *generation, int exit_code,
                   const char *why)
{
    char title[TITLE_BYTES];
    const char *text = why ? why : "it ended, or crashed, before it came to serve";
    if (generation != supervisor->crew.target)
        return;
    snprintf(title, sizeof title, "%s could not be started",
             base_name(supervisor_settings(supervisor)->module));
    bool is_back = crew_fall_back(&supervisor->crew);
    if (!is_back && generation->app) { /* it is our own: nothing would help */
        supervisor_stop(supervisor, exit_code);
        return;
    }
    fail(supervisor, exit_code, title, text, strlen(text));
    if (!is_served(supervisor))
        go_without(supervisor, exit_code);
}

void reload_crashing(struct supervisor *supervisor, struct generation *generation)
{
    static const char title[] = "the new module crashes again and again";
    if (!crew_fall_back(&supervisor->crew)) {
        if (!supervisor->has_served && !supervisor_settings(supervisor)->reload) {
            log_line(LOG_LEVEL_ERROR, 814, "workers end before all have come to serve: no server");
            supervisor_stop(supervisor, EXIT_MODULE);
        }
        return;
    }
    board_add(&supervisor->board->rollbacks, 1);
    log_line(LOG_LEVEL_ERROR, 145, "%s: back to the one before generation=%u", title,
             generation->number);
    fail(supervisor, EXIT_MODULE, title, "see the reports of its crashes in the log", 41);
}

/* ---- changes on disk ---- */

static void on_changed(void *arg, const char *path)
{
    reload_begin(arg, path);
}

int reload_watch(struct supervisor *supervisor)
{
    const struct settings *settings = supervisor_settings(supervisor);
    char *error = NULL;
    if (!settings->reload)
        return EXIT_FINE;
    if (watch_new(supervisor->loop, settings, on_changed, supervisor, &supervisor->watch, &error) ==
        0)
        return EXIT_FINE;
    log_line(LOG_LEVEL_ERROR, 146, "%s", error ? error : "out of memory");
    mem_free(error);
    return EXIT_CANNOT_RUN;
}

void reload_end(struct supervisor *supervisor)
{
    build_cancel(supervisor->build);
    watch_free(supervisor->watch);
    supervisor->build = NULL;
    supervisor->watch = NULL;
}
