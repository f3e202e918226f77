/* cgw-serve: options, the log, and then the supervisor. */
#include "base/log.h"
#include "net/loop_memory.h"
#include "proc/dev/new_project.h"
#include "proc/metrics/status.h"
#include "proc/options/options.h"
#include "proc/supervisor.h"
#include "proc/system/upgrade.h"
#include "proc/worker.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A standard stream that is closed would be the number of a socket, or of the memory that the
   workers share, and lines of the log would go there. */
static void fill_standard_streams(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO)
        close(fd);
}

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

int main(int argc, char **argv, char **envp)
{
    struct options *options;
    int exit_code;
    fill_standard_streams();
    upgrade_is_one(); /* takes its variable out of the environment */
    if (options_load(argc, argv, envp, &options, &exit_code) < 0)
        return exit_code;
    const struct settings *settings = options_settings(options);
    if (settings->status) {
        exit_code = status_run(settings->module, stdout, stderr);
        options_free(options);
        return exit_code;
    }
    if (settings->new_project) {
        exit_code = new_project(settings->new_project, stdout, stderr);
        options_free(options);
        return exit_code;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    loop_memory_install();
    int rc = log_start(settings->error_log, settings->log_format == SETTINGS_LOG_JSON,
                       (enum log_level)settings->log_level);
    if (rc < 0) {
        fprintf(stderr, "cgw-serve: cannot open the error log %s: %s\n",
                settings->error_log ? settings->error_log : "", strerror(-rc));
        options_free(options);
        return EXIT_CANNOT_RUN;
    }
    log_be_threadless(); /* the supervisor forks */
    raise_file_limit();
    exit_code = settings->check_only ? supervisor_check(options)
                                     : supervisor_run(argc, argv, envp, options);
    log_stop();
    return exit_code;
}
