/* Options: where they come from, and who has the last word. */
#include "base/mem.h"
#include "options_start.h"
#include "proc/options/options_table.h"
#include "unit.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "check_options.conf"
const char *const start_file = FILE_NAME;

/* ---- defaults and the four sources ---- */

START_TEST(defaults)
{
    static const struct start start = {{"app.so"}, {NULL}, NULL};
    struct run run;
    const struct settings *s = start_is_taken(&start, &run);
    ck_assert_str_eq(s->module, "app.so");
    ck_assert(!s->check_only);
    ck_assert_str_eq(s->host, "127.0.0.1");
    ck_assert_int_eq(s->port, 8000);
    ck_assert_ptr_null(s->uds);
    ck_assert_uint_eq(s->uds_mode, 0660);
    ck_assert_int_eq(s->fd, -1);
    ck_assert_int_eq(s->backlog, 2048);
    ck_assert_uint_eq(s->root_path.len, 0);
    ck_assert_ptr_nonnull(s->root_path.ptr);
    ck_assert(s->proxy_headers && s->date_header && s->server_header && s->access_log);
    ck_assert_str_eq(s->forwarded_allow_ips, "");
    ck_assert_uint_eq(s->n_extra_headers, 0);
    ck_assert_uint_eq(s->limit_concurrency, 0);
    ck_assert_uint_eq(s->limit_connections, 0);
    ck_assert_uint_eq(s->limit_requests_per_connection, 0);
    ck_assert_uint_eq(s->limit_head_bytes, 32 * 1024);
    ck_assert_uint_eq(s->limit_head_fields, 100);
    ck_assert_uint_eq(s->limit_target_bytes, 16 * 1024);
    ck_assert_uint_eq(s->limit_body_bytes, 16 * 1024 * 1024);
    ck_assert_ptr_null(s->health_path);
    ck_assert_uint_eq(s->timeout_head_ms, 10000);
    ck_assert_uint_eq(s->timeout_body_ms, 30000);
    ck_assert_uint_eq(s->timeout_send_ms, 30000);
    ck_assert_uint_eq(s->timeout_keep_alive_ms, 75000);
    ck_assert_uint_eq(s->timeout_linger_ms, 2000);
    ck_assert_uint_eq(s->timeout_startup_ms, 60000);
    ck_assert_uint_eq(s->timeout_shutdown_ms, 60000);
    ck_assert_uint_eq(s->timeout_graceful_shutdown_ms, 30000);
    ck_assert_uint_eq(s->send_high_water, 64 * 1024);
    ck_assert_uint_eq(s->send_low_water, 16 * 1024);
    ck_assert_uint_eq(s->threads, 200);
    ck_assert_uint_eq(s->thread_queue, 1000);
    ck_assert_uint_eq(s->thread_idle_ms, 10000);
    ck_assert_int_eq(s->log_level, 1);
    ck_assert_int_eq(s->log_format, SETTINGS_LOG_TEXT);
    ck_assert_ptr_null(s->error_log);
    ck_assert_ptr_null(s->access_log_file);
    ck_assert_str_eq(s->access_log_format, "combined");
    start_end(&run);
}
END_TEST

START_TEST(the_strongest_source_wins)
{
    static const struct {
        struct start start;
        int port;
        const char *module;
    } cases[] = {
        {{{"a.so"}, {NULL}, NULL}, 8000, "a.so"},
        {{{"a.so", "--config", FILE_NAME}, {NULL}, "port=1\n"}, 1, "a.so"},
        {{{"--config=" FILE_NAME}, {NULL}, "port=1\nmodule=f.so"}, 1, "f.so"},
        {{{NULL}, {"CGW_CONFIG=" FILE_NAME}, "port=1\nmodule=f.so"}, 1, "f.so"},
        {{{NULL}, {"CGW_CONFIG=" FILE_NAME, "CGW_PORT=2"}, "port=1\nmodule=f.so"}, 2, "f.so"},
        {{{NULL}, {"CGW_PORT=2", "CGW_MODULE=e.so"}, NULL}, 2, "e.so"},
        {{{"--config", FILE_NAME}, {"CGW_MODULE=e.so"}, "module=f.so"}, 8000, "e.so"},
        {{{"--port=3", "c.so"}, {"CGW_PORT=2", "CGW_MODULE=e.so"}, NULL}, 3, "c.so"},
        {{{"--port=3", "--config", FILE_NAME}, {"CGW_PORT=2"}, "port=1\nmodule=f.so"}, 3, "f.so"},
        {{{"--config", FILE_NAME}, {"CGW_CONFIG=/nowhere"}, "module=f.so"}, 8000, "f.so"},
        {{{"--port", "3", "--port", "4", "c.so"}, {NULL}, NULL}, 4, "c.so"},
        {{{"c.so"}, {"CGW_PORT=", "CGW_MODULE=", "CGW_CONFIG="}, NULL}, 8000, "c.so"},
        {{{"--port", "3", "--", "--c.so"}, {NULL}, NULL}, 3, "--c.so"},
        {{{"c.so", "--"}, {NULL}, NULL}, 8000, "c.so"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct run run;
        const struct settings *s = start_is_taken(&cases[i].start, &run);
        ck_assert_msg(s->port == cases[i].port, "case %zu: port %d", i, s->port);
        ck_assert_str_eq(s->module, cases[i].module);
        start_end(&run);
    }
}
END_TEST

START_TEST(switches)
{
    static const struct {
        struct start start;
        bool is_on;
    } cases[] = {
        {{{"a", "--no-access-log"}, {NULL}, NULL}, false},
        {{{"a", "--access-log=off"}, {NULL}, NULL}, false},
        {{{"a", "--access-log=YES"}, {NULL}, NULL}, true},
        {{{"a", "--no-access-log", "--access-log"}, {NULL}, NULL}, true},
        {{{"a", "--access-log", "--no-access-log"}, {NULL}, NULL}, false},
        {{{"--access-log", "a"}, {"CGW_ACCESS_LOG=0"}, NULL}, true},
        {{{"a"}, {"CGW_ACCESS_LOG=false"}, NULL}, false},
        {{{"a", "--config", FILE_NAME}, {NULL}, "access-log = no"}, false},
        {{{"a", "--config", FILE_NAME}, {"CGW_ACCESS_LOG=1"}, "access-log = no"}, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct run run;
        const struct settings *s = start_is_taken(&cases[i].start, &run);
        ck_assert_msg(s->access_log == cases[i].is_on, "case %zu", i);
        start_end(&run);
    }
}
END_TEST

/* Every option that has a value, with one, from each of the three sources. */
static const char *const everything[][2] = {
    {"host", "::1"},
    {"port", "0"},
    {"uds-mode", "0600"},
    {"backlog", "1"},
    {"reuseport", "yes"},
    {"workers", "auto"},
    {"worker-timeout", "9ms"},
    {"max-requests", "10"},
    {"max-requests-jitter", "11"},
    {"max-worker-rss", "12k"},
    {"max-worker-age", "13ms"},
    {"pid-file", "p.pid"},
    {"user", "nobody"},
    {"group", "65534"},
    {"sandbox", "/srv, rw:/var/lib/x"},
    {"reload", "yes"},
    {"wrap", "cors, ./own.so"},
    {"reload-dir", "src"},
    {"reload-include", "*.c,*.y"},
    {"reload-exclude", "x*"},
    {"reload-delay", "14ms"},
    {"build", "make app.so"},
    {"blocked-after", "15ms"},
    {"promote-blocking", "yes"},
    {"metrics", "[::1]:9100"},
    {"debug", "yes"},
    {"debug-address", ":9101"},
    {"root-path", "/api/v1"},
    {"proxy-headers", "no"},
    {"forwarded-allow-ips", "10.0.0.0/8, ::1, unix"},
    {"date-header", "no"},
    {"server-header", "no"},
    {"header", "X-A: b"},
    {"limit-concurrency", "1"},
    {"limit-connections", "2"},
    {"limit-requests-per-connection", "3"},
    {"limit-head", "256"},
    {"limit-fields", "4"},
    {"limit-target", "17"},
    {"limit-body", "0"},
    {"health-path", "/up"},
    {"timeout-head", "1ms"},
    {"timeout-body", "2ms"},
    {"timeout-send", "3ms"},
    {"timeout-keep-alive", "0"},
    {"timeout-linger", "5ms"},
    {"timeout-startup", "6ms"},
    {"timeout-shutdown", "7ms"},
    {"timeout-graceful-shutdown", "168h"},
    {"send-high-water", "3"},
    {"send-low-water", "2"},
    {"threads", "5"},
    {"thread-queue", "0"},
    {"thread-idle", "8ms"},
    {"log-level", "error"},
    {"log-format", "json"},
    {"error-log", "e.log"},
    {"access-log", "no"},
    {"access-log-file", "a.log"},
    {"access-log-format", "json"},
};
enum { EVERYTHING = sizeof(everything) / sizeof(everything[0]) };

static void check_processes(const struct settings *s)
{
    ck_assert(s->reuseport && s->reload && s->promote_blocking);
    ck_assert_uint_eq(s->workers, 0);
    ck_assert_uint_eq(s->worker_timeout_ms, 9);
    ck_assert_uint_eq(s->max_requests, 10);
    ck_assert_uint_eq(s->max_requests_jitter, 11);
    ck_assert_uint_eq(s->max_worker_rss_bytes, 12 * 1024);
    ck_assert_uint_eq(s->max_worker_age_ms, 13);
    ck_assert_str_eq(s->pid_file, "p.pid");
    ck_assert_str_eq(s->user, "nobody");
    ck_assert_str_eq(s->group, "65534");
    ck_assert_uint_eq(s->sandbox.n, 2);
    ck_assert_str_eq(s->sandbox.items[1], "rw:/var/lib/x");
    ck_assert_uint_eq(s->wraps.n, 2);
    ck_assert_str_eq(s->wraps.items[1], "./own.so");
    ck_assert_uint_eq(s->reload_dirs.n, 1);
    ck_assert_uint_eq(s->reload_includes.n, 2);
    ck_assert_str_eq(s->reload_excludes.items[0], "x*");
    ck_assert_uint_eq(s->reload_delay_ms, 14);
    ck_assert_str_eq(s->build, "make app.so");
    ck_assert_uint_eq(s->blocked_after_ms, 15);
    ck_assert_str_eq(s->metrics, "[::1]:9100");
    ck_assert(s->debug);
    ck_assert_str_eq(s->debug_address, ":9101");
}

static void check_everything(const struct settings *s)
{
    check_processes(s);
    ck_assert_str_eq(s->host, "::1");
    ck_assert_int_eq(s->port, 0);
    ck_assert_uint_eq(s->uds_mode, 0600);
    ck_assert_int_eq(s->backlog, 1);
    ck_assert(str_is(s->root_path, STR("/api/v1")));
    ck_assert(!s->proxy_headers && !s->date_header && !s->server_header && !s->access_log);
    ck_assert_str_eq(s->forwarded_allow_ips, "10.0.0.0/8, ::1, unix");
    ck_assert_uint_eq(s->n_extra_headers, 1);
    ck_assert(str_is(s->extra_headers[0].name, STR("x-a")));
    ck_assert(str_is(s->extra_headers[0].value, STR("b")));
    ck_assert_uint_eq(s->limit_concurrency, 1);
    ck_assert_uint_eq(s->limit_connections, 2);
    ck_assert_uint_eq(s->limit_requests_per_connection, 3);
    ck_assert_uint_eq(s->limit_head_bytes, 256);
    ck_assert_uint_eq(s->limit_head_fields, 4);
    ck_assert_uint_eq(s->limit_target_bytes, 17);
    ck_assert_uint_eq(s->limit_body_bytes, 0);
    ck_assert_str_eq(s->health_path, "/up");
    ck_assert_uint_eq(s->timeout_head_ms, 1);
    ck_assert_uint_eq(s->timeout_body_ms, 2);
    ck_assert_uint_eq(s->timeout_send_ms, 3);
    ck_assert_uint_eq(s->timeout_keep_alive_ms, 0);
    ck_assert_uint_eq(s->timeout_linger_ms, 5);
    ck_assert_uint_eq(s->timeout_startup_ms, 6);
    ck_assert_uint_eq(s->timeout_shutdown_ms, 7);
    ck_assert_uint_eq(s->timeout_graceful_shutdown_ms, 604800000);
    ck_assert_uint_eq(s->send_high_water, 3);
    ck_assert_uint_eq(s->send_low_water, 2);
    ck_assert_uint_eq(s->threads, 5);
    ck_assert_uint_eq(s->thread_queue, 0);
    ck_assert_uint_eq(s->thread_idle_ms, 8);
    ck_assert_int_eq(s->log_level, 3);
    ck_assert_int_eq(s->log_format, SETTINGS_LOG_JSON);
    ck_assert_str_eq(s->error_log, "e.log");
    ck_assert_str_eq(s->access_log_file, "a.log");
    ck_assert_str_eq(s->access_log_format, "json");
}

/* words: of the command line or the environment; all of it through one load. */
static void check_load_everything(char **argv, int argc, char **envp)
{
    struct options *options = NULL;
    int code = -1;
    ck_assert_int_eq(options_load_to(stdout, stderr, argc, argv, envp, &options, &code), 0);
    check_everything(options_settings(options));
    options_free(options);
}

START_TEST(every_option_from_every_source)
{
    char *none[] = {NULL}, *argv[EVERYTHING + 3] = {(char *)"cgw-serve", (char *)"a.so"};
    char *envp[EVERYTHING + 1] = {NULL}, file[4096];
    char *with_file[] = {argv[0], argv[1], (char *)"--config", (char *)FILE_NAME, NULL};
    size_t len = 0;
    for (size_t i = 0; i < EVERYTHING; i++) {
        char name[OPTIONS_NAME_BYTES];
        const struct option *option = options_table_find(str_from(everything[i][0]));
        ck_assert_msg(option != NULL, "%s", everything[i][0]);
        argv[i + 2] = mem_printf("--%s=%s", everything[i][0], everything[i][1]);
        envp[i] = mem_printf("%s=%s", options_table_variable(option, name), everything[i][1]);
        len += (size_t)snprintf(file + len, sizeof(file) - len, "%s = %s\n", everything[i][0],
                                everything[i][1]);
        ck_assert(argv[i + 2] && envp[i] && len < sizeof(file));
    }
    check_load_everything(argv, EVERYTHING + 2, none);
    check_load_everything(argv, 2, envp);
    start_write_file(file, len);
    check_load_everything(with_file, 4, none);
    unlink(FILE_NAME);
    for (size_t i = 0; i < EVERYTHING; i++) {
        mem_free(argv[i + 2]);
        mem_free(envp[i]);
    }
}
END_TEST

START_TEST(no_option_is_forgotten_here)
{
    for (size_t i = 0; i < options_table_rows; i++) {
        const struct option *option = &options_table[i];
        bool is_listed = option->kind == OPTION_ACTION;
        for (size_t j = 0; j < EVERYTHING; j++)
            is_listed |= strcmp(everything[j][0], option->name) == 0;
        /* these exclude others, and have cases of their own */
        is_listed |= strcmp(option->name, "uds") == 0 || strcmp(option->name, "fd") == 0 ||
                     strcmp(option->name, OPTION_MODULE) == 0;
        ck_assert_msg(is_listed, "%s", option->name);
    }
}
END_TEST

/* Those of one source add up; those of a stronger one take their place. */
START_TEST(headers_add_up)
{
    static const struct {
        struct start start;
        const char *headers; /* "name=value;" of each */
    } cases[] = {
        {{{"a", "--config", FILE_NAME},
          {NULL},
          "header = A: 1\nheader = \"b: 2 # \\\"2\\\"\"  # not this\n"},
         "a=1;b=2 # \"2\";"},
        {{{"a", "--config", FILE_NAME}, {"CGW_HEADER=C: \t3 3\t"}, "header = A: 1\nheader = B: 2"},
         "c=3 3;"},
        {{{"a", "--config", FILE_NAME, "--header", "D:4", "--header", "E:  "},
          {NULL},
          "header=A:1"},
         "d=4;e=;"},
        {{{"a", "--header", "D:4"}, {"CGW_HEADER=C: 3"}, NULL}, "d=4;"},
        {{{"a", "--header", "D:4", "--port", "81", "--header", "D:5"}, {NULL}, NULL}, "d=4;d=5;"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[128] = "";
        struct run run;
        const struct settings *s = start_is_taken(&cases[i].start, &run);
        for (size_t j = 0; j < s->n_extra_headers; j++) {
            const struct field *field = &s->extra_headers[j];
            size_t n = strlen(text);
            snprintf(text + n, sizeof(text) - n, "%.*s=%.*s;", (int)field->name.len,
                     field->name.ptr, (int)field->value.len, field->value.ptr);
        }
        ck_assert_str_eq(text, cases[i].headers);
        start_end(&run);
    }
}
END_TEST

START_TEST(where_to_listen)
{
    static const struct {
        struct start start;
        const char *uds;
        int fd, port;
    } cases[] = {
        {{{"a", "--uds", "/s"}, {NULL}, NULL}, "/s", -1, 8000},
        {{{"a", "--fd", "0"}, {NULL}, NULL}, NULL, 0, 8000}, /* row 138 */
        {{{"a", "--host", "::", "--port", "1"}, {NULL}, NULL}, NULL, -1, 1},
        /* of several sources the strongest decides */
        {{{"a", "--port", "1"}, {"CGW_UDS=/s"}, NULL}, NULL, -1, 1},
        {{{"a", "--uds", "/s"}, {"CGW_PORT=1", "CGW_HOST=::"}, NULL}, "/s", -1, 1},
        {{{"a", "--uds", "/s"}, {"CGW_FD=3"}, NULL}, "/s", -1, 8000},
        {{{"a", "--fd", "3"}, {"CGW_UDS=/s"}, NULL}, NULL, 3, 8000},
        {{{"a", "--config", FILE_NAME}, {"CGW_HOST=::"}, "fd=3"}, NULL, -1, 8000},
        {{{"a", "--config", FILE_NAME, "--fd=4"}, {NULL}, "uds=/s\nport=1"}, NULL, 4, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct run run;
        const struct settings *s = start_is_taken(&cases[i].start, &run);
        ck_assert_msg(s->fd == cases[i].fd && s->port == cases[i].port, "case %zu", i);
        ck_assert_str_eq(s->uds ? s->uds : "", cases[i].uds ? cases[i].uds : "");
        start_end(&run);
    }
}
END_TEST

/* ---- --help, --version, --check ---- */

START_TEST(help_and_version)
{
    static const struct start versions[] = {
        {{"--version"}, {NULL}, NULL},
        {{"--version", "--help"}, {NULL}, NULL},
        {{"a", "b", "--port", "x", "--version"}, {"CGW_CONFIG=/nowhere"}, NULL},
        {{"--version", "--nothing"}, {NULL}, NULL},
    };
    struct run run;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        start_run(&versions[i], &run);
        ck_assert_int_eq(run.rc, -ECANCELED);
        ck_assert_int_eq(run.exit, 0);
        ck_assert_str_eq(run.out, "cgw-serve 0.1.0 (interface 1.0)\n");
        start_end(&run);
    }
    static const struct start bad[] = {
        {{"--nothing", "--help"}, {NULL}, NULL},
        {{"a", "--nothing", "--version"}, {NULL}, NULL},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        start_is_refused(&bad[i], "cgw-serve: --nothing: unknown option: see cgw-serve --help\n");
    static const struct start help = {{"--help", "--version"}, {NULL}, NULL};
    start_run(&help, &run);
    ck_assert_int_eq(run.exit, 0);
    ck_assert_str_eq(run.err, "");
    for (size_t i = 0; i < options_table_rows; i++) {
        char *line = mem_printf("\n  --%s", options_table[i].name);
        ck_assert((strstr(run.out, line) != NULL) == (strcmp(line, "\n  --" OPTION_MODULE) != 0));
        mem_free(line);
    }
    start_end(&run);
}
END_TEST

START_TEST(check_serves_nothing)
{
    static const struct start start = {{"a", "--check"}, {NULL}, NULL};
    struct run run;
    ck_assert(start_is_taken(&start, &run)->check_only);
    start_end(&run);
}
END_TEST

START_TEST(nothing_at_all)
{
    char *none[] = {NULL};
    struct options *options = NULL;
    int code = -1;
    FILE *sink = fopen("/dev/null", "w");
    ck_assert_int_eq(options_load_to(sink, sink, 0, none, none, &options, &code), -ECANCELED);
    ck_assert_int_eq(code, 2);
    ck_assert_ptr_null(options);
    fclose(sink);
    options_free(NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("options");
    TCase *tcase = tcase_create("options");
    tcase_add_test(tcase, defaults);
    tcase_add_test(tcase, the_strongest_source_wins);
    tcase_add_test(tcase, switches);
    tcase_add_test(tcase, every_option_from_every_source);
    tcase_add_test(tcase, no_option_is_forgotten_here);
    tcase_add_test(tcase, headers_add_up);
    tcase_add_test(tcase, where_to_listen);
    tcase_add_test(tcase, help_and_version);
    tcase_add_test(tcase, check_serves_nothing);
    tcase_add_test(tcase, nothing_at_all);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
