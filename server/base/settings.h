/*
 * What the operator has chosen: plain values with their units, filled by proc/options, read by
 * every floor, never changed once the worker runs. Strings are owned by whoever filled them and
 * outlive the worker. 0 means "no limit" where a comment says so.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum settings_describe {
    SETTINGS_DESCRIBE_NOTHING,
    SETTINGS_DESCRIBE_ROUTES,
    SETTINGS_DESCRIBE_OPENAPI
};
enum settings_log_format { SETTINGS_LOG_TEXT, SETTINGS_LOG_JSON };

/* A comma-separated option, or one that may be repeated. */
struct settings_list {
    const char **items; /* NUL-terminated each */
    size_t n;
};

struct settings {
    /* what to serve */
    const char *module;           /* path as given; of C sources the first */
    struct settings_list sources; /* C files to compile and serve, n 0: module is a shared object */
    const char *build;            /* --build: the command that makes module, or NULL */
    struct settings_list wraps;   /* modules around the application, the first outermost */
    bool check_only;              /* --check, and describe */
    enum settings_describe describe; /* --routes, --openapi */
    const char *new_project;         /* --new: the folder to write a project to, or NULL */
    bool status;                     /* --status; module is then a process number, or NULL */

    /* where */
    const char *host; /* address or name; IPv6 without brackets */
    uint16_t port;    /* 0: the kernel chooses */
    const char *uds;  /* path of a unix socket, or NULL; then host and port do not count */
    unsigned uds_mode;
    int fd; /* inherited listening socket, or -1 */
    int backlog;
    bool reuseport; /* a socket for each worker instead of one for all */

    /* processes */
    uint32_t workers;           /* 0: as many as processors can be used */
    uint32_t worker_timeout_ms; /* without a turn of the loop, then it is replaced; 0: never */
    uint64_t max_requests;      /* then it is replaced; 0: never */
    uint64_t max_requests_jitter;
    uint64_t max_worker_rss_bytes; /* 0: none */
    uint32_t max_worker_age_ms;    /* 0: none */
    const char *pid_file;          /* or NULL */
    const char *user, *group;      /* names or numbers to become after binding, or NULL */
    struct settings_list sandbox;  /* paths to read, "rw:" in front: to write too; n 0: off */

    /* development */
    bool reload;
    struct settings_list reload_dirs;
    struct settings_list reload_includes, reload_excludes; /* fnmatch(3) patterns of names */
    uint32_t reload_delay_ms;                              /* of quiet, before a change counts */

    /* seeing inside */
    uint32_t blocked_after_ms; /* a call that holds the loop longer is reported; 0: never */
    bool promote_blocking;
    const char *metrics; /* "127.0.0.1:9100", "unix:/path", "/path" of a request; or NULL */
    bool debug;          /* tasks may be listed, and the application told to look for mistakes */
    const char *debug_address; /* "127.0.0.1:9101", ":9101", "unix:/path"; or NULL */

    /* scope */
    struct str root_path;            /* "" or "/prefix", no slash at its end */
    bool proxy_headers;              /* believe X-Forwarded-* and Forwarded from trusted peers */
    const char *forwarded_allow_ips; /* comma-separated addresses, CIDR blocks, "unix", or "*" */

    /* response head */
    bool date_header, server_header;
    struct field *extra_headers; /* --header, in order */
    size_t n_extra_headers;

    /* limits */
    uint32_t limit_concurrency;             /* requests in flight; 0: none */
    uint32_t limit_connections;             /* open sockets; 0: none */
    uint32_t limit_requests_per_connection; /* 0: none */
    size_t limit_head_bytes;
    uint32_t limit_head_fields;
    size_t limit_target_bytes;
    uint64_t limit_body_bytes; /* 0: none */
    const char *health_path;   /* answered by the module past limit_concurrency, or NULL */

    /* deadlines, milliseconds; 0: none */
    uint32_t timeout_head_ms, timeout_body_ms, timeout_send_ms, timeout_keep_alive_ms;
    uint32_t timeout_linger_ms;
    uint32_t timeout_startup_ms, timeout_shutdown_ms, timeout_graceful_shutdown_ms;

    /* flow control, bytes a connection */
    size_t send_high_water, send_low_water;

    /* thread pool */
    uint32_t threads;      /* at most */
    uint32_t thread_queue; /* calls that wait for a thread, at most */
    uint32_t thread_idle_ms;

    /* logs */
    int log_level; /* enum cgw_log_level */
    enum settings_log_format log_format;
    const char *error_log; /* path, or NULL: standard error */
    bool access_log;
    const char *access_log_file;   /* path, or NULL: standard output */
    const char *access_log_format; /* "combined", "json", or atoms */
};
#endif
