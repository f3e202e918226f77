/*
 * One family after the other: its help, its type, its samples. Sums of all workers that ever ran
 * come from board_sum(), so no counter falls when a worker is replaced.
 */
#include "proc/metrics/metrics_text.h"
#include "base/log.h"
#include "base/mem.h"
#include "config.h"
#include <errno.h>

enum { US = 1000000, LABEL_BYTES = 4 * BOARD_ROUTE_BYTES };

typedef unsigned long long ull;

static void family(struct page *page, const char *name, const char *type, const char *help)
{
    page_print(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct page *page, const char *name, const char *type, const char *help,
                uint64_t value)
{
    family(page, name, type, help);
    page_print(page, "%s %llu\n", name, (ull)value);
}

/* So that a name that has "\\xff" in words is not that of a byte: two series of the same name would
   make the whole page invalid. */
static size_t escape_escapes(char *dst, const char *text, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < room && text[i]; i++) {
        bool is_escape = text[i] == '\\' && i + 1 < room && text[i + 1] == 'x';
        if (is_escape)
            used = (size_t)(str_put(dst + used, STR("\\x5c")) - dst);
        else
            dst[used++] = text[i];
    }
    return used;
}

/* Text within the quotes of a label: no control bytes, UTF-8 only, as in the log; then what the
   format escapes. */
static void put_label(struct page *page, const char *text, size_t room)
{
    char clean[LABEL_BYTES], distinct[LABEL_BYTES];
    size_t len = escape_escapes(distinct, text, room);
    len = log_escape(clean, sizeof clean, (struct str){distinct, len});
    for (size_t i = 0; i < len; i++) {
        if (clean[i] == '"' || clean[i] == '\\')
            page_put(page, STR("\\"));
        page_put(page, (struct str){&clean[i], 1});
    }
}

static void put_route(struct page *page, const char *name, const struct board_route *route)
{
    page_print(page, "%s{route=\"", name);
    put_label(page, route->name, sizeof route->name);
    page_put(page, STR("\""));
}

static void print_requests(struct page *page, const struct board_route *route)
{
    static const char *const methods[BOARD_METHODS] = {"GET",   "HEAD",   "POST",    "PUT",
                                                       "PATCH", "DELETE", "OPTIONS", "other"};
    static const char *const classes[BOARD_CLASSES] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    for (size_t method = 0; method < BOARD_METHODS; method++)
        for (size_t class = 0; class < BOARD_CLASSES; class ++) {
            uint64_t n = board_get(&route->requests[method][class]);
            if (n == 0)
                continue;
            put_route(page, "cgw_requests_total", route);
            page_print(page, ",method=\"%s\",status=\"%s\"} %llu\n", methods[method],
                       classes[class], (ull)n);
        }
}

static uint64_t count_of(const struct board_histogram *histogram)
{
    uint64_t n = 0;
    for (size_t i = 0; i < BOARD_BUCKETS; i++)
        n += board_get(&histogram->counts[i]);
    return n;
}

/* The upper bound of a bucket in seconds, without noughts at its end. */
static void put_bound(struct page *page, size_t bucket)
{
    if (bucket == BOARD_BUCKETS - 1) {
        page_put(page, STR("+Inf"));
        return;
    }
    unsigned us = board_bounds_us[bucket], fraction = us % US, digits = 6;
    page_print(page, "%u", us / US);
    if (fraction == 0)
        return;
    for (; fraction % 10 == 0; fraction /= 10)
        digits--;
    page_print(page, ".%0*u", (int)digits, fraction);
}

/* What stands before a value: NAME_PART{route="...",le="..."}; route NULL: it has no routes. */
static void put_part(struct page *page, const char *name, const char *part,
                     const struct board_route *route, bool has_bound, size_t bucket)
{
    page_print(page, "%s_%s", name, part);
    if (!route && !has_bound)
        return;
    page_put(page, STR("{"));
    if (route) {
        page_put(page, STR("route=\""));
        put_label(page, route->name, sizeof route->name);
        page_print(page, "\"%s", has_bound ? "," : "");
    }
    if (has_bound) {
        page_put(page, STR("le=\""));
        put_bound(page, bucket);
        page_put(page, STR("\""));
    }
    page_put(page, STR("}"));
}

/* The count is that of the last bucket, so that they agree while a worker counts. */
static void print_histogram(struct page *page, const char *name, const struct board_route *route,
                            const struct board_histogram *histogram)
{
    uint64_t below = 0, sum = board_get(&histogram->sum_us);
    for (size_t i = 0; i < BOARD_BUCKETS; i++) {
        below += board_get(&histogram->counts[i]);
        put_part(page, name, "bucket", route, true, i);
        page_print(page, " %llu\n", (ull)below);
    }
    put_part(page, name, "sum", route, false, 0);
    page_print(page, " %llu.%06llu\n", (ull)(sum / US), (ull)(sum % US));
    put_part(page, name, "count", route, false, 0);
    page_print(page, " %llu\n", (ull)below);
}

static void print_request_families(struct page *page, const struct board_slot *sum)
{
    uint32_t n = sum->n_routes;
    family(page, "cgw_requests_total", "counter",
           "Requests that the application was called for, by status class.");
    for (uint32_t i = 0; i < n; i++)
        print_requests(page, &sum->routes[i]);
    family(page, "cgw_request_duration_seconds", "histogram",
           "From the request's head to the end of its call.");
    for (uint32_t i = 0; i < n; i++)
        if (count_of(&sum->routes[i].duration) || i == 0)
            print_histogram(page, "cgw_request_duration_seconds", &sum->routes[i],
                            &sum->routes[i].duration);
    one(page, "cgw_requests_in_flight", "gauge", "Requests that the application works at.",
        sum->in_flight);
    one(page, "cgw_refused_total", "counter",
        "Requests that the host refused: malformed, or over a limit.", board_get(&sum->refused));
}

static void print_connections(struct page *page, const struct board_slot *sum)
{
    one(page, "cgw_connections", "gauge", "Open connections.", sum->connections);
    one(page, "cgw_connections_accepted_total", "counter", "Connections accepted.",
        board_get(&sum->accepted));
    one(page, "cgw_received_bytes_total", "counter", "Bytes received on connections.",
        board_get(&sum->bytes_received));
    one(page, "cgw_sent_bytes_total", "counter", "Bytes sent on connections.",
        board_get(&sum->bytes_sent));
}

static void print_pool_and_loop(struct page *page, const struct board_slot *sum)
{
    one(page, "cgw_pool_threads", "gauge", "Threads of the pools.", sum->pool_threads);
    one(page, "cgw_pool_busy", "gauge", "Threads of the pools that run a call.", sum->pool_busy);
    one(page, "cgw_pool_queued", "gauge", "Calls that wait for a thread.", sum->pool_queued);
    family(page, "cgw_pool_wait_seconds", "histogram", "How long calls waited for a thread.");
    print_histogram(page, "cgw_pool_wait_seconds", NULL, &sum->pool_wait);
    family(page, "cgw_loop_lag_seconds", "histogram",
           "How long each turn of an event loop took, without its wait.");
    print_histogram(page, "cgw_loop_lag_seconds", NULL, &sum->loop_lag);
}

static void print_blocking(struct page *page, const struct board_slot *sum)
{
    family(page, "cgw_blocked_total", "counter",
           "Times that a call held the event loop longer than --blocked-after.");
    for (uint32_t i = 0; i < sum->n_routes; i++) {
        put_route(page, "cgw_blocked_total", &sum->routes[i]);
        page_print(page, "} %llu\n", (ull)board_get(&sum->routes[i].blocked));
    }
    family(page, "cgw_promoted", "gauge",
           "1: --promote-blocking has moved the route to the thread pool.");
    for (uint32_t i = 0; i < sum->n_routes; i++) {
        put_route(page, "cgw_promoted", &sum->routes[i]);
        page_print(page, "} %d\n", sum->routes[i].is_promoted != 0);
    }
}

static bool is_alive(const struct board *board, size_t i, enum board_state *ret_state)
{
    *ret_state = (enum board_state)atomic_load(&board->slots[i].state);
    return *ret_state != BOARD_FREE;
}

static size_t n_slots(const struct board *board)
{
    uint32_t n = atomic_load(&board->n_used);
    return n < BOARD_SLOTS ? n : BOARD_SLOTS;
}

/* A worker is named by its place on the board: those places are few, process numbers are not. */
static void print_each_worker(struct page *page, const struct board *board)
{
    enum board_state state;
    family(page, "cgw_worker_memory_bytes", "gauge", "Resident memory of a worker.");
    for (size_t i = 0; i < n_slots(board); i++)
        if (is_alive(board, i, &state) && board->slots[i].rss_bytes)
            page_print(page, "cgw_worker_memory_bytes{worker=\"%zu\"} %llu\n", i,
                       (ull)board->slots[i].rss_bytes);
    family(page, "cgw_worker_start_time_seconds", "gauge", "When a worker was started, Unix time.");
    for (size_t i = 0; i < n_slots(board); i++)
        if (is_alive(board, i, &state))
            page_print(page, "cgw_worker_start_time_seconds{worker=\"%zu\"} %llu.%06llu\n", i,
                       (ull)(board->slots[i].started_us / US),
                       (ull)(board->slots[i].started_us % US));
}

static void print_worker_states(struct page *page, const struct board *board)
{
    static const char *const names[] = {
        [BOARD_STARTING] = "starting",
        [BOARD_SERVING] = "serving",
        [BOARD_DRAINING] = "draining",
        [BOARD_STOPPING] = "stopping",
    };
    unsigned n[BOARD_STOPPING + 1] = {0};
    enum board_state state;
    for (size_t i = 0; i < n_slots(board); i++)
        if (is_alive(board, i, &state) && state <= BOARD_STOPPING)
            n[state]++;
    family(page, "cgw_workers", "gauge", "Workers by what they are doing.");
    for (size_t i = BOARD_STARTING; i <= BOARD_STOPPING; i++)
        page_print(page, "cgw_workers{state=\"%s\"} %u\n", names[i], n[i]);
    one(page, "cgw_workers_wanted", "gauge", "Workers that there should be.",
        board->workers_wanted);
}

static void print_supervision(struct page *page, const struct board *board)
{
    one(page, "cgw_worker_restarts_total", "counter",
        "Workers started in place of one that was lost.", board_get(&board->restarts));
    one(page, "cgw_worker_crashes_total", "counter", "Workers that died of a signal.",
        board_get(&board->crashes));
    one(page, "cgw_worker_hangs_total", "counter",
        "Workers that were killed as their loop did not turn for --worker-timeout.",
        board_get(&board->hangs));
    one(page, "cgw_worker_recycled_total", "counter",
        "Workers replaced for their requests, memory or age.", board_get(&board->recycled));
    one(page, "cgw_generation", "gauge", "Of the module that is served; each reload adds one.",
        board->generation);
    family(page, "cgw_reloads_total", "counter", "Reloads of the module, by how they ended.");
    page_print(page,
               "cgw_reloads_total{result=\"success\"} %llu\n"
               "cgw_reloads_total{result=\"failure\"} %llu\n"
               "cgw_reloads_total{result=\"rollback\"} %llu\n",
               (ull)board_get(&board->reloads), (ull)board_get(&board->reloads_failed),
               (ull)board_get(&board->rollbacks));
    family(page, "cgw_start_time_seconds", "gauge", "When the server was started, Unix time.");
    page_print(page, "cgw_start_time_seconds %llu.%06llu\n", (ull)(board->started_us / US),
               (ull)(board->started_us % US));
    family(page, "cgw_build_info", "gauge", "Always 1; the version is the label.");
    page_print(page, "cgw_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
}

int metrics_text_print(struct page *page, const struct board *board)
{
    struct board_slot *sum = mem_alloc(sizeof *sum);
    page->is_broken |= !sum;
    if (!sum)
        return -ENOMEM;
    board_sum(board, sum);
    print_request_families(page, sum);
    print_connections(page, sum);
    print_pool_and_loop(page, sum);
    print_blocking(page, sum);
    print_worker_states(page, board);
    print_each_worker(page, board);
    print_supervision(page, board);
    mem_free(sum);
    return page->is_broken ? -ENOMEM : 0;
}
