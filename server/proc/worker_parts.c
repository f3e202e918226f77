/* Making the parts of a worker, each from its settings. */
#include "proc/worker_parts.h"
#include "app/access.h"
#include "base/log.h"
#include "base/mem.h"
#include "proto/forwarded.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LOG_BUFFER_BYTES = 4 << 20, LOG_GRACE_MS = 1000 };

static int init_threads(struct worker_parts *parts, const struct settings *settings,
                        const struct cgw_app *app)
{
    struct pool_settings pool = {.max_threads = settings->threads,
                                 .max_queue = settings->thread_queue,
                                 .idle_ms = settings->thread_idle_ms,
                                 .stack_bytes = app->stack_size};
    struct call_runtime *runtime = parts->net->runtime;
    int rc = mailbox_init(&parts->mailbox, net_wake, parts->net);
    if (rc < 0)
        return rc;
    parts->has_mailbox = true;
    runtime->mailbox = &parts->mailbox;
    rc = pool_new(&pool, &parts->pool);
    if (rc < 0)
        return rc;
    runtime->pool = parts->pool;
    if (app->kind == CGW_SYNC)
        rc = sync_runner_new(app, parts->pool, &parts->mailbox, &parts->sync);
    runtime->sync = parts->sync;
    return rc;
}

static int init_trust(struct worker_parts *parts, const struct settings *settings)
{
    struct str bad;
    const char *list = settings->forwarded_allow_ips;
    if (!settings->proxy_headers || !list || !*list)
        return 0;
    int rc = forwarded_trust_new(list, &parts->trust, &bad);
    parts->net->runtime->trust = parts->trust;
    return rc;
}

static int init_access(struct worker_parts *parts, const struct settings *settings)
{
    char *error = NULL;
    if (!settings->access_log)
        return 0;
    int rc = access_format_new(settings->access_log_format, &parts->access, &error);
    mem_free(error); /* the options have said it */
    if (rc < 0)
        return rc;
    parts->net->access = parts->access;
    parts->net->access_sink = parts->access_sink;
    return 0;
}

int worker_parts_open_log(struct worker_parts *parts, const struct settings *settings)
{
    const char *path = settings->access_log_file;
    *parts = (struct worker_parts){0};
    if (!settings->access_log)
        return 0;
    int rc = log_sink_open(path, STDOUT_FILENO, LOG_BUFFER_BYTES, &parts->access_sink);
    if (rc == 0)
        return 0;
    log_line(LOG_LEVEL_ERROR, 114, "cannot open the access log: %s path=%s", strerror(-rc),
             path ? path : "-");
    return -ECANCELED;
}

int worker_parts_init(struct worker_parts *parts, const struct settings *settings,
                      const struct cgw_app *app, struct net *net)
{
    parts->net = net;
    int rc = init_threads(parts, settings, app);
    if (rc == 0)
        rc = init_trust(parts, settings);
    if (rc == 0)
        rc = init_access(parts, settings);
    return rc;
}

void worker_parts_flush_logs(struct worker_parts *parts)
{
    log_sink_close(parts->access_sink, LOG_GRACE_MS);
    parts->access_sink = NULL;
    parts->net->access = NULL;
}

int worker_parts_fini(struct worker_parts *parts, uint32_t grace_ms)
{
    if (parts->pool && pool_free(parts->pool, grace_ms) < 0)
        return -ETIMEDOUT;
    parts->pool = NULL;
    if (parts->has_mailbox)
        mailbox_run(&parts->mailbox); /* letters whose calls are gone free themselves */
    sync_runner_free(parts->sync);
    if (parts->has_mailbox)
        mailbox_fini(&parts->mailbox);
    forwarded_trust_free(parts->trust);
    worker_parts_flush_logs(parts);
    access_format_free(parts->access);
    return 0;
}

static void tell_failed(int rc, const char *which)
{
    if (rc < 0)
        log_line(LOG_LEVEL_ERROR, 115, "cannot reopen a log, the old one stays: %s log=%s",
                 strerror(-rc), which);
}

void worker_parts_reopen_logs(struct worker_parts *parts)
{
    int error = log_reopen();
    int access = parts->access_sink ? log_sink_reopen(parts->access_sink) : 0;
    tell_failed(error, "error");
    tell_failed(access, "access");
    if (error == 0 && access == 0)
        log_line(LOG_LEVEL_INFO, 116, "logs reopened");
}
