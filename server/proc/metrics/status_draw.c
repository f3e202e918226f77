/*
 * Sums, then a line for each worker, then one for each route, the busiest first. Percentiles of
 * routes are those since the server's start, those of a loop's lag since the look before.
 */
#include "proc/metrics/status_draw.h"
#include "base/clock.h"
#include "base/log.h"
#include <stdio.h>

enum { US = 1000000, CELL_BYTES = 24, NAME_COLUMNS = 25 };

typedef unsigned long long ull;

static uint64_t requests_of_route(const struct board_route *route, size_t least_class)
{
    uint64_t n = 0;
    for (size_t method = 0; method < BOARD_METHODS; method++)
        for (size_t class = least_class; class < BOARD_CLASSES; class ++)
            n += board_get(&route->requests[method][class]);
    return n;
}

static uint64_t requests_of_slot(const struct board_slot *slot)
{
    uint64_t n = 0;
    uint32_t n_routes = atomic_load(&slot->n_routes);
    for (uint32_t i = 0; i < n_routes && i < BOARD_ROUTES; i++)
        n += requests_of_route(&slot->routes[i], 0);
    return n;
}

static void copy_histogram(struct board_histogram *to, const struct board_histogram *from)
{
    for (size_t i = 0; i < BOARD_BUCKETS; i++)
        to->counts[i] = board_get(&from->counts[i]);
    to->sum_us = board_get(&from->sum_us);
}

static void look_at_worker(const struct board_slot *slot, struct status_worker *worker)
{
    *worker = (struct status_worker){.state = (enum board_state)atomic_load(&slot->state)};
    if (worker->state == BOARD_FREE)
        return;
    worker->pid = slot->pid;
    worker->generation = slot->generation;
    worker->connections = slot->connections;
    worker->in_flight = slot->in_flight;
    worker->started_us = slot->started_us;
    worker->rss_bytes = slot->rss_bytes;
    worker->requests = requests_of_slot(slot);
    copy_histogram(&worker->lag, &slot->loop_lag);
}

void status_sample(const struct board *board, struct status_sample *sample)
{
    sample->at_us = clock_now_us();
    sample->wall_us = clock_wall_us();
    board_sum(board, &sample->sum);
    uint32_t n = atomic_load(&board->n_used);
    for (uint32_t i = 0; i < BOARD_SLOTS; i++)
        if (i < n)
            look_at_worker(&board->slots[i], &sample->workers[i]);
        else
            sample->workers[i].state = BOARD_FREE;
}

/* As if a bucket's observations lay evenly between its bounds. */
uint64_t status_quantile_us(const struct board_histogram *histogram, double share)
{
    uint64_t n = 0, below = 0;
    for (size_t i = 0; i < BOARD_BUCKETS; i++)
        n += board_get(&histogram->counts[i]);
    double wanted = share * (double)n;
    for (size_t i = 0; i < BOARD_BUCKETS - 1; i++) {
        uint64_t here = board_get(&histogram->counts[i]);
        uint64_t low = i ? board_bounds_us[i - 1] : 0, high = board_bounds_us[i];
        if (here && (double)(below + here) >= wanted)
            return low + (uint64_t)((double)(high - low) * (wanted - (double)below) / (double)here);
        below += here;
    }
    return n ? UINT64_MAX : 0;
}

/* ---- cells: short texts in CELL_BYTES ---- */

static const char *span(char *cell, uint64_t us)
{
    ull s = us / US;
    if (s >= 86400)
        snprintf(cell, CELL_BYTES, "%llud %02llu:%02llu:%02llu", s / 86400, s / 3600 % 24,
                 s / 60 % 60, s % 60);
    else
        snprintf(cell, CELL_BYTES, "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
    return cell;
}

static const char *milliseconds(char *cell, uint64_t us)
{
    if (us == UINT64_MAX)
        snprintf(cell, CELL_BYTES, ">%u s", board_bounds_us[BOARD_BUCKETS - 2] / US);
    else if (us >= US)
        snprintf(cell, CELL_BYTES, "%.2f s", (double)us / US);
    else
        snprintf(cell, CELL_BYTES, "%.*f ms", us < 10000 ? 2 : 0, (double)us / 1000);
    return cell;
}

static const char *bytes(char *cell, double n)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; n >= 1024 && unit < sizeof units / sizeof units[0] - 1; unit++)
        n /= 1024;
    snprintf(cell, CELL_BYTES, "%.*f %s", unit ? 1 : 0, n, units[unit]);
    return cell;
}

static double rate(uint64_t now, uint64_t before, uint64_t took_us)
{
    return took_us && now > before ? (double)(now - before) * US / (double)took_us : 0;
}

static void put_name(struct page *page, const char *name, size_t room, int columns)
{
    char clean[1024];
    log_escape(clean, sizeof clean, (struct str){name, strnlen(name, room)});
    page_print(page, "%-*s", columns, clean);
}

/* ---- the parts of the picture ---- */

static void draw_server(struct page *page, const struct board *board,
                        const struct status_sample *now)
{
    char cell[CELL_BYTES];
    unsigned n_serving = 0;
    for (size_t i = 0; i < BOARD_SLOTS; i++)
        n_serving += now->workers[i].state == BOARD_SERVING;
    page_print(page, "cgw-serve %d  ", (int)board->supervisor);
    put_name(page, board->module, sizeof board->module, 0);
    page_put(page, STR("  "));
    put_name(page, board->url, sizeof board->url, 0);
    page_print(page, "%s\nup %s  generation %u  workers %u of %u\n",
               board->is_draining ? "  DRAINING" : "",
               span(cell, now->wall_us > board->started_us ? now->wall_us - board->started_us : 0),
               board->generation, n_serving, board->workers_wanted);
    page_print(page,
               "restarts %llu  crashes %llu  hangs %llu  recycled %llu  "
               "reloads %llu  failed %llu  rolled back %llu\n",
               (ull)board_get(&board->restarts), (ull)board_get(&board->crashes),
               (ull)board_get(&board->hangs), (ull)board_get(&board->recycled),
               (ull)board_get(&board->reloads), (ull)board_get(&board->reloads_failed),
               (ull)board_get(&board->rollbacks));
}

static void draw_traffic(struct page *page, const struct status_sample *before,
                         const struct status_sample *now)
{
    char in[CELL_BYTES], out[CELL_BYTES], wait[CELL_BYTES];
    const struct board_slot *sum = &now->sum, *was = &before->sum;
    uint64_t took = now->at_us - before->at_us, n = requests_of_slot(sum);
    bytes(in, rate(board_get(&sum->bytes_received), board_get(&was->bytes_received), took));
    bytes(out, rate(board_get(&sum->bytes_sent), board_get(&was->bytes_sent), took));
    milliseconds(wait, status_quantile_us(&sum->pool_wait, 0.99));
    page_print(page, "\nrequests %llu  %.1f/s  in flight %u  refused %llu\n", (ull)n,
               rate(n, requests_of_slot(was), took), sum->in_flight, (ull)board_get(&sum->refused));
    page_print(page, "connections %u  accepted %.1f/s  in %s/s  out %s/s\n", sum->connections,
               rate(board_get(&sum->accepted), board_get(&was->accepted), took), in, out);
    page_print(page, "pool threads %u  busy %u  queued %u  wait p99 %s\n", sum->pool_threads,
               sum->pool_busy, sum->pool_queued, wait);
}

static void draw_worker(struct page *page, const struct status_worker *was,
                        const struct status_worker *worker, const struct status_sample *now,
                        uint64_t took)
{
    static const char *const states[] = {"", "starting", "serving", "draining", "stopping"};
    char age[CELL_BYTES], rss[CELL_BYTES], lag[CELL_BYTES];
    struct board_histogram recent;
    bool is_same = was->state != BOARD_FREE && was->pid == worker->pid;
    copy_histogram(&recent, &worker->lag);
    for (size_t i = 0; is_same && i < BOARD_BUCKETS; i++)
        recent.counts[i] -= was->lag.counts[i];
    span(age, now->wall_us > worker->started_us ? now->wall_us - worker->started_us : 0);
    milliseconds(lag, status_quantile_us(&recent, 0.99));
    page_print(page, "%7d  %-8s  %3u  %11s  %5u  %5u  %8.1f  %9s  %8s\n", worker->pid,
               worker->state <= BOARD_STOPPING ? states[worker->state] : "?", worker->generation,
               age, worker->connections, worker->in_flight,
               is_same ? rate(worker->requests, was->requests, took) : 0,
               bytes(rss, (double)worker->rss_bytes), lag);
}

static void draw_workers(struct page *page, const struct status_sample *before,
                         const struct status_sample *now)
{
    page_print(page, "\n%7s  %-8s  %3s  %11s  %5s  %5s  %8s  %9s  %8s\n", "WORKER", "STATE", "GEN",
               "AGE", "CONNS", "CALLS", "REQ/S", "MEMORY", "LAG P99");
    for (size_t i = 0; i < BOARD_SLOTS; i++)
        if (now->workers[i].state != BOARD_FREE)
            draw_worker(page, &before->workers[i], &now->workers[i], now,
                        now->at_us - before->at_us);
}

static uint64_t requests_before(const struct status_sample *before, const char *name, size_t i)
{
    const struct board_slot *sum = &before->sum;
    for (uint32_t k = 0; i > 0 && k < sum->n_routes; k++)
        if (k > 0 && !strcmp(sum->routes[k].name, name))
            return requests_of_route(&sum->routes[k], 0);
    return i == 0 ? requests_of_route(&sum->routes[0], 0) : 0;
}

static void draw_route(struct page *page, const struct status_sample *before,
                       const struct status_sample *now, size_t i)
{
    char p50[CELL_BYTES], p99[CELL_BYTES];
    const struct board_route *route = &now->sum.routes[i];
    uint64_t n = requests_of_route(route, 0);
    if (i == 0)
        page_print(page, "%-*s", NAME_COLUMNS, "(not named)");
    else
        put_name(page, route->name, sizeof route->name, NAME_COLUMNS);
    page_print(page, "  %8.1f  %9llu  %8s  %8s %5llu %7llu%s\n",
               rate(n, requests_before(before, route->name, i), now->at_us - before->at_us), (ull)n,
               milliseconds(p50, status_quantile_us(&route->duration, 0.5)),
               milliseconds(p99, status_quantile_us(&route->duration, 0.99)),
               (ull)requests_of_route(route, 5), (ull)board_get(&route->blocked),
               route->is_promoted ? "  on the pool" : "");
}

/* Route numbers into order, the busiest first; how many have any requests. */
static size_t sort_routes(const struct board_slot *sum, uint32_t *order)
{
    uint64_t counts[BOARD_ROUTES];
    size_t n = 0;
    for (uint32_t i = 0; i < sum->n_routes; i++) {
        uint64_t count = requests_of_route(&sum->routes[i], 0);
        if (count == 0)
            continue;
        size_t at = n++;
        for (; at > 0 && counts[at - 1] < count; at--) {
            counts[at] = counts[at - 1];
            order[at] = order[at - 1];
        }
        counts[at] = count;
        order[at] = i;
    }
    return n;
}

static void draw_routes(struct page *page, const struct status_sample *before,
                        const struct status_sample *now)
{
    uint32_t order[BOARD_ROUTES];
    size_t n = sort_routes(&now->sum, order);
    page_print(page, "\n%-*s  %8s  %9s  %8s  %8s %5s %7s\n", NAME_COLUMNS, "ROUTE", "REQ/S",
               "REQUESTS", "P50", "P99", "5XX", "BLOCKED");
    for (size_t i = 0; i < n; i++)
        draw_route(page, before, now, order[i]);
}

void status_draw(struct page *page, const struct board *board, const struct status_sample *before,
                 const struct status_sample *now)
{
    draw_server(page, board, now);
    draw_traffic(page, before, now);
    draw_workers(page, before, now);
    draw_routes(page, before, now);
}
