/* --check: everything up to the module, which is built where it is to be and loaded in a child; and
   --routes and --openapi, which ask it there what it is. */
#include "app/module.h"
#include "app/wrap.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/children.h"
#include "proc/describe.h"
#include "proc/dev/build.h"
#include "proc/dev/module_store.h"
#include "proc/supervisor.h"
#include "proc/worker.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct check {
    const struct settings *settings;
    struct ev_loop *loop;
    struct module_store *store;
    struct build *build;
    int code;
};

static int fail(int exit_code, char *error)
{
    log_line(LOG_LEVEL_ERROR, 813, "%s", error ? error : "out of memory");
    mem_free(error);
    return exit_code;
}

/* The document, or the table, is all that is on standard output, though constructors may print. */
static FILE *own_output(void)
{
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    FILE *out = fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ? NULL : fdopen(fd, "w");
    return out ? out : stdout;
}

/* In the child: a module that crashes takes nothing else along. */
static _Noreturn void load(const struct settings *settings, const char *copy)
{
    const struct cgw_app *app;
    char *error = NULL;
    FILE *out = settings->describe ? own_output() : stdout;
    children_release_signals();
    int rc = module_load(settings->module, copy, &app, &error);
    if (rc == 0 && settings->describe)
        rc = describe_print(settings->module, app, settings->describe, out, &error);
    else if (rc == 0)
        rc = wrap_load(&settings->wraps, app, &app, &error);
    int code = rc == 0 ? EXIT_FINE : EXIT_MODULE;
    if (rc == -EIO && settings->describe)
        code = fail(EXIT_CANNOT_RUN, error);
    else if (rc < 0)
        log_line(LOG_LEVEL_ERROR, 201, "%s", error ? error : "out of memory");
    (void)fflush(stdout); /* what the module has printed */
    log_stop();
    _exit(code);
}

static void on_loaded(pid_t pid, int status, void *arg)
{
    struct check *check = arg;
    (void)pid;
    check->code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_MODULE;
    if (WIFSIGNALED(status))
        log_line(LOG_LEVEL_ERROR, 803, "the module crashed while it was loaded signal=%d",
                 WTERMSIG(status));
    ev_break(check->loop, EVBREAK_ALL);
}

static void try_to_load(struct check *check, const char *copy)
{
    pid_t pid = children_fork(on_loaded, check);
    if (pid == 0)
        load(check->settings, copy);
    if (pid > 0)
        return;
    check->code =
        fail(EXIT_CANNOT_RUN, mem_printf("cannot start a process: %s", strerror(-(int)pid)));
    ev_break(check->loop, EVBREAK_ALL);
}

static void on_built(void *arg, const char *output_path, const char *text, size_t len)
{
    struct check *check = arg;
    check->build = NULL;
    fwrite(text, 1, len, stderr);
    if (output_path) {
        try_to_load(check, check->settings->build ? NULL : output_path);
        return;
    }
    check->code = fail(EXIT_MODULE, mem_printf("%s cannot be built", check->settings->module));
    ev_break(check->loop, EVBREAK_ALL);
}

static int build(struct check *check)
{
    char *error = NULL, *output = NULL;
    int rc = module_store_open(check->settings, NULL, &check->store, &error);
    if (rc == 0) {
        output = module_store_name(check->store, 1);
        rc = output ? build_start(check->loop, check->settings, output, on_built, check,
                                  &check->build, &error)
                    : -ENOMEM;
    }
    mem_free(output);
    return rc < 0 ? fail(EXIT_CANNOT_RUN, error) : EXIT_FINE;
}

static int run(struct check *check)
{
    const struct settings *settings = check->settings;
    check->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!check->loop)
        return fail(EXIT_CANNOT_RUN, mem_printf("cannot make an event loop: %s", strerror(errno)));
    children_start(check->loop, NULL, NULL);
    check->code = -1;
    if (settings->sources.n || settings->build)
        check->code = build(check) == EXIT_FINE ? check->code : EXIT_CANNOT_RUN;
    else
        try_to_load(check, NULL);
    ev_ref(check->loop); /* a child's end is all that is waited for */
    if (check->code < 0)
        ev_run(check->loop, 0);
    build_cancel(check->build);
    children_stop();
    ev_loop_destroy(check->loop);
    module_store_close(check->store);
    return check->code;
}

int supervisor_check(struct options *options)
{
    struct check check = {.settings = options_settings(options)};
    int code = run(&check);
    if (code == EXIT_FINE && !check.settings->describe) {
        printf("configuration and module are fine: %s\n", check.settings->module);
        code = fflush(stdout) == 0 ? EXIT_FINE : EXIT_CANNOT_RUN;
    }
    options_free(options);
    return code;
}
