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

enum settings_log_format { SETTINGS_LOG_TEXT, SETTINGS_LOG_JSON };

struct settings {
    /* what to serve */
    const char *module; /* path as given */
    bool check_only;    /* --check */

    /* where */
    const char *host; /* address or name; IPv6 without brackets */
    uint16_t port;    /* 0: the kernel chooses */
    const char *uds;  /* path of a unix socket, or NULL; then host and port do not count */
    unsigned uds_mode;
    int fd; /* inherited listening socket, or -1 */
    int backlog;

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
