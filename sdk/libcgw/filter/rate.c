/*
 * How often a client may ask. One number for each of them, the generic cell rate algorithm: the
 * time at which all that it has asked for would have come at the even rate. A request is let
 * through where that is not further ahead than the burst allows, and moves it by one interval.
 *
 * The table does not grow: clients lie in sets of WAYS; in a full one the most idle goes, which
 * nearly always has its whole burst again anyhow. The hash is keyed, so that nobody can aim at a
 * set.
 */
#include "filter/filter.h"
#include <arpa/inet.h>
#include <cgw/middleware.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

enum { WAYS = 8, CLIENTS = 8192, CLIENTS_MAX = 1 << 24, KEY_BYTES = 16 };
#define AHEAD_MAX_US (UINT64_MAX / 4) /* no sum of such and a clock overflows */

struct client {
    unsigned char key[KEY_BYTES];
    uint64_t due_us; /* 0: free */
};

struct rate_worker {
    pthread_mutex_t lock; /* zeroes are one; guards all that follows */
    bool is_keyed;
    uint64_t key[2];
    size_t n_sets;
    struct client clients[];
};

/* What a call is told, for its fields. */
struct rate_call {
    unsigned limit, remaining, reset_s;
};

struct terms {
    uint64_t interval_us; /* between two at the even rate */
    uint64_t ahead_us;    /* how far a burst may be in front of it */
    unsigned limit;
};

static size_t sets_for(const struct cgw_rate_limit *options)
{
    size_t wanted = options->clients ? options->clients : CLIENTS, n = 1;
    wanted = wanted < CLIENTS_MAX ? wanted : CLIENTS_MAX;
    while (n * WAYS < wanted)
        n *= 2;
    return n;
}

static size_t worker_bytes(const void *options)
{
    return sizeof(struct rate_worker) + sets_for(options) * WAYS * sizeof(struct client);
}

static struct terms terms_of(const struct cgw_rate_limit *options)
{
    uint64_t requests = options->requests ? options->requests : 100;
    uint64_t seconds = options->seconds ? options->seconds : 60;
    uint64_t burst = options->burst ? options->burst : requests;
    uint64_t interval_us = seconds * 1000000 / requests;
    interval_us = interval_us ? interval_us : 1;
    uint64_t most = AHEAD_MAX_US / interval_us;
    uint64_t ahead = burst - 1 < most ? burst - 1 : most;
    return (struct terms){interval_us, ahead * interval_us, (unsigned)burst};
}

/* ---- who asks ---- */

/* An IPv4 address, the network of an IPv6 one, as a client has all of that; else what it says. */
static void read_key(struct cgw_str client, unsigned char key[KEY_BYTES])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    unsigned char address[16];
    char text[64];
    size_t len = client.len < sizeof(text) ? client.len : sizeof(text) - 1;
    memset(key, 0, KEY_BYTES);
    if (len)
        memcpy(text, client.ptr, len);
    text[len] = '\0';
    if (inet_pton(AF_INET, text, key + 12) == 1) {
        memcpy(key, mapped, sizeof(mapped));
    } else if (inet_pton(AF_INET6, text, address) == 1) {
        bool is_mapped = memcmp(address, mapped, sizeof(mapped)) == 0;
        memcpy(key, address, is_mapped ? 16 : 8);
    } else {
        for (size_t i = 0; i < len; i++)
            key[i % KEY_BYTES] = (unsigned char)(key[i % KEY_BYTES] * 31 + text[i]);
    }
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

static struct client *set_of(struct rate_worker *worker, const unsigned char key[KEY_BYTES])
{
    uint64_t halves[2];
    memcpy(halves, key, KEY_BYTES);
    uint64_t hash = mix(mix(halves[0] ^ worker->key[0]) + halves[1] + worker->key[1]);
    return &worker->clients[(hash & (worker->n_sets - 1)) * WAYS];
}

/* Its place, or that of the most idle of its set. */
static struct client *place_of(struct rate_worker *worker, const unsigned char key[KEY_BYTES])
{
    struct client *set = set_of(worker, key), *idle = set;
    for (struct client *client = set; client < set + WAYS; client++) {
        if (client->due_us && memcmp(client->key, key, KEY_BYTES) == 0)
            return client;
        if (client->due_us < idle->due_us)
            idle = client;
    }
    memcpy(idle->key, key, KEY_BYTES);
    idle->due_us = 0;
    return idle;
}

/* Without random bytes it works as well, but can be aimed at. */
static void key_table(struct rate_worker *worker, const struct cgw_rate_limit *options)
{
    if (getrandom(worker->key, sizeof(worker->key), GRND_NONBLOCK) < 0)
        worker->key[0] = (uintptr_t)worker;
    worker->n_sets = sets_for(options);
    worker->is_keyed = true;
}

/* ---- may it ---- */

static unsigned to_seconds(uint64_t us)
{
    uint64_t seconds = (us + 999999) / 1000000;
    return seconds < UINT32_MAX ? (unsigned)seconds : UINT32_MAX;
}

/* How long it is to wait, 0: let it through. */
static uint64_t take_one(struct rate_worker *worker, const struct terms *terms,
                         const unsigned char key[KEY_BYTES], uint64_t now_us,
                         struct rate_call *ret_call)
{
    struct client *client = place_of(worker, key);
    uint64_t due_us = client->due_us > now_us ? client->due_us : now_us;
    uint64_t ahead_us = due_us - now_us, wait_us = 0;
    if (ahead_us > terms->ahead_us) {
        wait_us = ahead_us - terms->ahead_us;
    } else {
        due_us += terms->interval_us;
        ahead_us += terms->interval_us;
    }
    client->due_us = due_us;
    uint64_t whole_us = terms->ahead_us + terms->interval_us;
    uint64_t left_us = whole_us > ahead_us ? whole_us - ahead_us : 0;
    *ret_call = (struct rate_call){terms->limit, (unsigned)(left_us / terms->interval_us),
                                   to_seconds(ahead_us)};
    return wait_us;
}

/* In the order of the call's numbers. */
static int print_fields(struct filter_call *call, struct cgw_str ret_texts[3])
{
    const struct rate_call *rate = call->state;
    const unsigned numbers[] = {rate->limit, rate->remaining, rate->reset_s};
    for (size_t i = 0; i < 3; i++)
        if (!(ret_texts[i] = filter_printf(call, "%u", numbers[i])).ptr)
            return CGW_ENOMEM;
    return CGW_OK;
}

static const char *const names[] = {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"};

static int refuse(struct filter_call *call, uint64_t wait_us, struct filter_answer *answer)
{
    struct cgw_str texts[3];
    struct cgw_str after = filter_printf(call, "%u", to_seconds(wait_us));
    if (!after.ptr || print_fields(call, texts) != CGW_OK)
        return CGW_ENOMEM;
    answer->status = 429;
    answer->detail = "Too Many Requests";
    filter_answer_add(answer, "retry-after", after);
    for (size_t i = 0; i < 3; i++)
        filter_answer_add(answer, names[i], texts[i]);
    return FILTER_ANSWER;
}

static int begin(struct filter_call *call, struct filter_answer *answer)
{
    const struct terms terms = terms_of(call->options);
    struct rate_worker *worker = call->worker;
    unsigned char key[KEY_BYTES];
    uint64_t now_us = call->driver->now_us(call) + 1; /* 0 is that of a free place */
    read_key(call->scope->client, key);
    pthread_mutex_lock(&worker->lock);
    if (!worker->is_keyed)
        key_table(worker, call->options);
    uint64_t wait_us = take_one(worker, &terms, key, now_us, call->state);
    pthread_mutex_unlock(&worker->lock);
    return wait_us ? refuse(call, wait_us, answer) : FILTER_PASS;
}

static int edit(struct filter_call *call, struct filter_head *head)
{
    struct cgw_str texts[3];
    if (print_fields(call, texts) != CGW_OK)
        return CGW_ENOMEM;
    for (size_t i = 0; i < 3; i++)
        filter_head_set(head, names[i], texts[i]);
    return CGW_OK;
}

static int send_fields(struct filter_call *call, const struct cgw_event *events, size_t n,
                       struct filter_out *out)
{
    (void)n;
    return filter_edit_start(call, events, 3, edit, out);
}

const struct cgw__filter cgw__rate_limit = {.name = "rate limit",
                                            .state_bytes = sizeof(struct rate_call),
                                            .worker_bytes = worker_bytes,
                                            .is_for_websockets = true,
                                            .begin = begin,
                                            .send = send_fields};
