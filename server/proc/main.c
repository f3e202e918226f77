/* cgw-serve: options, then the module, then the socket, then the worker. */
#include "app/module.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop_memory.h"
#include "proc/options.h"
#include "proc/worker.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Each connection is a descriptor: take what the system allows. */
static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == files.rlim_max)
        return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        log_line(LOG_LEVEL_WARNING, 117, "cannot raise the limit of open files: %s",
                 strerror(errno));
}

/* One line, naming its cause; the exit code. */
static int fail(int exit_code, unsigned number, char *error)
{
    log_line(LOG_LEVEL_ERROR, number, "%s", error ? error : "out of memory");
    mem_free(error);
    return exit_code;
}

static int serve(const struct settings *settings)
{
    const struct cgw_app *app;
    struct listener *listener;
    char *error = NULL;
    if (module_load(settings->module, &app, &error) < 0)
        return fail(EXIT_MODULE, 201, error);
    if (settings->check_only) {
        printf("configuration and module are fine: %s\n", settings->module);
        return fflush(stdout) == 0 ? EXIT_FINE : EXIT_CANNOT_RUN;
    }
    if (listener_open(settings, &listener, &error) < 0)
        return fail(EXIT_CANNOT_RUN, 102, error);
    return worker_run(settings, app, listener);
}

int main(int argc, char **argv, char **envp)
{
    struct options *options;
    int exit_code;
    if (options_load(argc, argv, envp, &options, &exit_code) < 0)
        return exit_code;
    const struct settings *settings = options_settings(options);
    signal(SIGPIPE, SIG_IGN);
    loop_memory_install();
    int rc = log_start(settings->error_log, settings->log_format == SETTINGS_LOG_JSON,
                       (enum log_level)settings->log_level);
    if (rc < 0) {
        fprintf(stderr, "cgw-serve: cannot open the error log %s: %s\n",
                settings->error_log ? settings->error_log : "", strerror(-rc));
        options_free(options);
        return EXIT_CANNOT_RUN;
    }
    raise_file_limit();
    exit_code = serve(settings);
    log_stop();
    options_free(options);
    return exit_code;
}
