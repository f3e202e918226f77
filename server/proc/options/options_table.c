/* One row per option. A new row is a new option everywhere; tests then ask for its manual. */
#include "proc/options/options_table.h"
#include "base/settings.h"
#include <stdio.h>

#define AT(field) \
    .offset = offsetof(struct settings, field), .width = sizeof(((struct settings *)0)->field)

#define KIB         1024ull
#define MIB         (KIB * KIB)
#define GIB         (KIB * MIB)
#define WEEK_MS     (7 * 24 * 3600 * 1000ull)
#define MANY        1000000000ull
#define PORTS       65535
#define DESCRIPTORS 1048575

/* clang-format off */
const struct option options_table[] = {
    {NULL, OPTION_MODULE, "MODULE.so", "the application to serve, or its C files", OPTION_SOURCE, AT(module)},
    {"What to serve",
     "wrap", "LIST", "modules around the application, the first outermost", OPTION_LIST, AT(wraps)},

    {"Where to listen",
     "host", "ADDR", "address or name", OPTION_HOST, AT(host), .initial = "127.0.0.1"},
    {NULL, "port", "N", "0: the kernel chooses", OPTION_NUMBER, AT(port), 0, PORTS, "8000"},
    {NULL, "uds", "PATH", "a unix socket, instead of host and port", OPTION_UDS, AT(uds)},
    {NULL, "uds-mode", "MODE", "access mode of the unix socket", OPTION_MODE, AT(uds_mode),
     .initial = "0660"},
    {NULL, "fd", "N", "an inherited listening socket, instead of host and port", OPTION_NUMBER,
     AT(fd), 0, DESCRIPTORS},
    {NULL, "backlog", "N", "connections that wait to be accepted", OPTION_NUMBER, AT(backlog),
     1, PORTS, "2048"},
    {NULL, "reuseport", NULL, "a socket for each worker instead of one for all", OPTION_SWITCH,
     AT(reuseport), .initial = "off"},

    {"Processes",
     "workers", "N", "worker processes; auto: one for each processor", OPTION_WORKERS, AT(workers),
     1, 64, "1"},
    {NULL, "worker-timeout", "S", "without a turn of its loop, then a worker is replaced",
     OPTION_SECONDS, AT(worker_timeout_ms), 0, WEEK_MS, "30"},
    {NULL, "max-requests", "N", "then a worker is replaced", OPTION_NUMBER, AT(max_requests),
     0, MANY, "0"},
    {NULL, "max-requests-jitter", "N", "up to so many more, drawn for each worker", OPTION_NUMBER,
     AT(max_requests_jitter), 0, MANY, "0"},
    {NULL, "max-worker-rss", "SIZE", "of memory, then a worker is replaced", OPTION_BYTES,
     AT(max_worker_rss_bytes), 0, 1024 * GIB, "0"},
    {NULL, "max-worker-age", "S", "then a worker is replaced", OPTION_SECONDS,
     AT(max_worker_age_ms), 0, WEEK_MS, "0"},
    {NULL, "pid-file", "PATH", "to write the supervisor's number to", OPTION_PATH, AT(pid_file)},
    {NULL, "user", "NAME", "to become once the sockets are open", OPTION_NAME, AT(user)},
    {NULL, "group", "NAME", "the user's, unless given", OPTION_NAME, AT(group)},
    {NULL, "sandbox", "LIST", "let workers reach these paths only; rw:PATH to write, too",
     OPTION_LIST, AT(sandbox)},

    {"Development",
     "reload", NULL, "serve a new build as soon as it is there", OPTION_SWITCH, AT(reload),
     .initial = "off"},
    {NULL, "reload-dir", "LIST", "folders to watch, too", OPTION_LIST, AT(reload_dirs)},
    {NULL, "reload-include", "LIST", "names that count there", OPTION_LIST, AT(reload_includes)},
    {NULL, "reload-exclude", "LIST", "names that do not", OPTION_LIST, AT(reload_excludes)},
    {NULL, "reload-delay", "S", "of quiet, before a change counts", OPTION_SECONDS,
     AT(reload_delay_ms), 0, WEEK_MS, "20ms"},
    {NULL, "build", "COMMAND", "that makes the module, at the start and after each change",
     OPTION_TEXT, AT(build)},

    {"Seeing inside",
     "blocked-after", "S", "of a call that holds the loop, then it is reported", OPTION_SECONDS,
     AT(blocked_after_ms), 0, WEEK_MS, "100ms"},
    {NULL, "promote-blocking", NULL, "move what was caught blocking twice to the thread pool",
     OPTION_SWITCH, AT(promote_blocking), .initial = "off"},
    {NULL, "metrics", "WHERE", "HOST:PORT or unix:PATH to listen on, or /PATH of a request",
     OPTION_METRICS, AT(metrics)},
    {NULL, "debug", NULL, "list tasks when asked (SIGQUIT), help the application find mistakes",
     OPTION_SWITCH, AT(debug), .initial = "off"},
    {NULL, "debug-address", "WHERE", "HOST:PORT or unix:PATH to list tasks at, with --debug",
     OPTION_ADDRESS, AT(debug_address)},

    {"Requests",
     "root-path", "PATH", "prefix that a proxy has taken off", OPTION_PREFIX, AT(root_path),
     .initial = ""},
    {NULL, "proxy-headers", NULL, "believe X-Forwarded-* and Forwarded of trusted peers",
     OPTION_SWITCH, AT(proxy_headers), .initial = "on"},
    {NULL, "forwarded-allow-ips", "LIST", "trusted peers: addresses, CIDR blocks, unix, or *",
     OPTION_TRUST, AT(forwarded_allow_ips), .initial = ""},

    {"Responses",
     "date-header", NULL, "send date", OPTION_SWITCH, AT(date_header), .initial = "on"},
    {NULL, "server-header", NULL, "send server", OPTION_SWITCH, AT(server_header),
     .initial = "on"},
    {NULL, "header", "'NAME: VALUE'", "a field for every response; may be repeated", OPTION_HEADER,
     AT(extra_headers)},

    {"Limits (0: none, where 0 is taken)",
     "limit-concurrency", "N", "requests in flight, above it 503", OPTION_NUMBER,
     AT(limit_concurrency), 0, MANY, "0"},
    {NULL, "limit-connections", "N", "open connections", OPTION_NUMBER, AT(limit_connections),
     0, MANY, "0"},
    {NULL, "limit-requests-per-connection", "N", "then the connection is closed", OPTION_NUMBER,
     AT(limit_requests_per_connection), 0, MANY, "0"},
    {NULL, "limit-head", "SIZE", "of a request's head, above it 431", OPTION_BYTES,
     AT(limit_head_bytes), 256, 16 * MIB, "32k"},
    {NULL, "limit-fields", "N", "of a request's head, above it 431", OPTION_NUMBER,
     AT(limit_head_fields), 1, 10000, "100"},
    {NULL, "limit-target", "SIZE", "of a request's target, above it 414", OPTION_BYTES,
     AT(limit_target_bytes), 16, 16 * MIB, "16k"},
    {NULL, "limit-body", "SIZE", "of a request's body, above it 413", OPTION_BYTES,
     AT(limit_body_bytes), 0, 1024 * 1024 * GIB, "16M"},
    {NULL, "health-path", "PATH", "answered above limit-concurrency, too", OPTION_TARGET,
     AT(health_path)},

    {"Deadlines in seconds, or with a unit: 250ms, 2m, 1h (0: none)",
     "timeout-head", "S", "for a request's whole head", OPTION_SECONDS, AT(timeout_head_ms),
     0, WEEK_MS, "10"},
    {NULL, "timeout-body", "S", "between two pieces of a request's body", OPTION_SECONDS,
     AT(timeout_body_ms), 0, WEEK_MS, "30"},
    {NULL, "timeout-send", "S", "for a peer that takes nothing of a response", OPTION_SECONDS,
     AT(timeout_send_ms), 0, WEEK_MS, "30"},
    {NULL, "timeout-keep-alive", "S", "between two requests of a connection", OPTION_SECONDS,
     AT(timeout_keep_alive_ms), 0, WEEK_MS, "75"},
    {NULL, "timeout-linger", "S", "for the peer to close, after the last response", OPTION_SECONDS,
     AT(timeout_linger_ms), 0, WEEK_MS, "2"},
    {NULL, "timeout-startup", "S", "for the application's startup", OPTION_SECONDS,
     AT(timeout_startup_ms), 0, WEEK_MS, "60"},
    {NULL, "timeout-shutdown", "S", "for the application's shutdown", OPTION_SECONDS,
     AT(timeout_shutdown_ms), 0, WEEK_MS, "60"},
    {NULL, "timeout-graceful-shutdown", "S", "for requests in flight at the end", OPTION_SECONDS,
     AT(timeout_graceful_shutdown_ms), 0, WEEK_MS, "30"},

    {"Flow and threads",
     "send-high-water", "SIZE", "unsent bytes above which send waits", OPTION_BYTES,
     AT(send_high_water), 1, GIB, "64k"},
    {NULL, "send-low-water", "SIZE", "unsent bytes below which it goes on", OPTION_BYTES,
     AT(send_low_water), 0, GIB, "16k"},
    {NULL, "threads", "N", "of a synchronous application, at most", OPTION_NUMBER, AT(threads),
     1, 10000, "200"},
    {NULL, "thread-queue", "N", "calls that wait for a thread, above it 503", OPTION_NUMBER,
     AT(thread_queue), 0, 1000000, "1000"},
    {NULL, "thread-idle", "S", "then an idle thread leaves", OPTION_SECONDS, AT(thread_idle_ms),
     1, WEEK_MS, "10"},

    {"Logs",
     "log-level", "LEVEL", "debug, info, warning or error", OPTION_CHOICE, AT(log_level),
     .initial = "info", .choices = "debug|info|warning|error"},
    {NULL, "log-format", "FORMAT", "of the error log: text or json", OPTION_CHOICE, AT(log_format),
     .initial = "text", .choices = "text|json"},
    {NULL, "error-log", "PATH", "instead of standard error", OPTION_PATH, AT(error_log)},
    {NULL, "access-log", NULL, "log each request", OPTION_SWITCH, AT(access_log),
     .initial = "on"},
    {NULL, "access-log-file", "PATH", "instead of standard output", OPTION_PATH,
     AT(access_log_file)},
    {NULL, "access-log-format", "FORMAT", "combined, json, or atoms", OPTION_FORMAT,
     AT(access_log_format), .initial = "combined"},

    {"Other",
     OPTION_CONFIG, "FILE", "read options from there, too", OPTION_ACTION, .width = 0},
    {NULL, "status", NULL, "show a running server; several: its process number, as MODULE",
     OPTION_ACTION, .width = 0},
    {NULL, "new", "DIR", "write a project there, to begin with, and serve nothing", OPTION_ACTION,
     .width = 0},
    {NULL, "check", NULL, "check the configuration and the module, serve nothing", OPTION_ACTION,
     .width = 0},
    {NULL, "routes", NULL, "print the application's routes, serve nothing", OPTION_ACTION,
     .width = 0},
    {NULL, "openapi", NULL, "print its OpenAPI document, serve nothing", OPTION_ACTION,
     .width = 0},
    {NULL, "help", NULL, "print this", OPTION_ACTION, .width = 0},
    {NULL, "version", NULL, "print the version", OPTION_ACTION, .width = 0},
};
/* clang-format on */
const size_t options_table_rows = sizeof(options_table) / sizeof(options_table[0]);

const struct option *options_table_find(struct str name)
{
    for (size_t i = 0; i < options_table_rows; i++)
        if (str_is(name, str_from(options_table[i].name)))
            return &options_table[i];
    return NULL;
}

/* Levenshtein's distance; more than any name is long where name is too long to be near one. */
static size_t distance(struct str name, struct str other)
{
    size_t row[OPTIONS_NAME_BYTES];
    if (name.len >= OPTIONS_NAME_BYTES)
        return OPTIONS_NAME_BYTES;
    for (size_t j = 0; j <= name.len; j++)
        row[j] = j;
    for (size_t i = 0; i < other.len; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < name.len; j++) {
            size_t change = corner + (other.ptr[i] != name.ptr[j]);
            size_t step = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            corner = row[j + 1];
            row[j + 1] = change < step ? change : step;
        }
    }
    return row[name.len];
}

/* Three edits, fewer for a short name, so that no nonsense is suggested. */
static size_t near_enough(struct str name)
{
    return name.len < 4 ? 1 : name.len < 8 ? 2 : 3;
}

const char *options_table_nearest(struct str name, bool has_no, char *dst)
{
    size_t best = near_enough(name) + 1;
    for (size_t i = 0; i < options_table_rows; i++) {
        const struct option *option = &options_table[i];
        int spellings = has_no && option->kind == OPTION_SWITCH ? 2 : 1;
        for (int no = 0; no < spellings; no++) {
            char spelling[OPTIONS_NAME_BYTES];
            snprintf(spelling, sizeof(spelling), "%s%s", no ? "no-" : "", option->name);
            size_t d = distance(name, str_from(spelling));
            if (d >= best || str_is(str_from(option->name), STR(OPTION_MODULE)))
                continue;
            best = d;
            memcpy(dst, spelling, sizeof(spelling));
        }
    }
    return best <= near_enough(name) ? dst : NULL;
}

const char *options_table_variable(const struct option *option, char *dst)
{
    size_t n = (size_t)snprintf(dst, OPTIONS_NAME_BYTES, "CGW_%s", option->name);
    for (size_t i = 4; i < n; i++)
        dst[i] = dst[i] == '-' ? '_' : (char)(dst[i] - ('a' - 'A'));
    return dst;
}
