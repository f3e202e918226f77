/*
 * The reading codec over any bytes: fed whole, cut at places that the input's own bytes choose, and
 * one by one, it must come to the same requests, the same bodies and the same end. A body's piece
 * must lie in the bytes that were fed, and no head may point out of the arena.
 *
 * The first byte chooses the limits, the second seeds the cuts, the rest is what a client sends.
 */
#include "proto/chars.h"
#include "proto/http1.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct http1_limits limits[] = {
    {32 << 10, 100, 16 << 10, 16 << 20},
    {400, 5, 40, 30},
    {4000, 20, 200, 0},
    {60, 3, 80, 1},
};

/* All that was said, as one number, and how it ended. */
struct outcome {
    uint64_t hash;
    unsigned n_requests;
    int status; /* 0: not refused */
    enum http1_phase phase;
    uint64_t body_left;
};

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void add(struct outcome *outcome, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++)
        outcome->hash = (outcome->hash ^ p[i]) * UINT64_C(1099511628211);
}

static void add_string(struct outcome *outcome, struct str s)
{
    must(s.ptr[s.len] == '\0');
    add(outcome, s.ptr, s.len);
    add(outcome, "", 1);
}

static void add_request(struct outcome *outcome, const struct http1_request *r, bool ended)
{
    must(chars_is_token(r->method) && r->target.len && r->raw_path.len);
    must(r->raw_path.ptr[0] == '/' || str_is(r->raw_path, STR("*")));
    must(r->minor == 0 || r->host.len);
    must(ended == (r->content_length == 0));
    add_string(outcome, r->method);
    add_string(outcome, r->target);
    add_string(outcome, r->raw_path);
    add_string(outcome, r->query);
    add_string(outcome, r->host);
    for (size_t i = 0; i < r->n_fields; i++) {
        must(chars_is_token(r->fields[i].name) && chars_is_value(r->fields[i].value));
        add_string(outcome, r->fields[i].name);
        add_string(outcome, r->fields[i].value);
    }
    add(outcome, &r->content_length, sizeof r->content_length);
    add(outcome,
        (const bool[]){r->minor, r->keep_alive, r->expect_continue, r->te_trailers, r->upgrade}, 5);
    outcome->n_requests++;
}

struct run {
    struct http1 codec;
    struct arena arena;
    struct http1_request request;
    struct outcome outcome;
};

static void begin(struct run *run)
{
    arena_reset(&run->arena);
    http1_begin(&run->codec, &run->arena, &run->request);
}

static void see(struct run *run, const struct http1_event *event, struct str piece)
{
    if (event->type == HTTP1_HEAD)
        add_request(&run->outcome, &run->request, event->ended);
    if (event->type == HTTP1_BODY) {
        must(event->data.len && event->data.ptr >= piece.ptr);
        must(event->data.ptr + event->data.len <= piece.ptr + piece.len);
        add(&run->outcome, event->data.ptr, event->data.len);
    }
    if (event->type == HTTP1_END || event->ended)
        add(&run->outcome, "end", 3);
    if (event->type == HTTP1_ERROR) {
        must(event->status >= 400 && event->status <= 505 && event->why);
        run->outcome.status = event->status;
    }
}

static void feed(struct run *run, struct str piece)
{
    while (piece.len && !run->outcome.status) {
        size_t used;
        struct http1_event event;
        http1_feed(&run->codec, piece.ptr, piece.len, &used, &event);
        must(used <= piece.len && (used || event.type != HTTP1_MORE));
        must(event.type != HTTP1_MORE || used == piece.len);
        see(run, &event, piece);
        piece = (struct str){piece.ptr + used, piece.len - used};
        if (run->codec.phase == HTTP1_IDLE && event.type != HTTP1_MORE)
            begin(run);
    }
}

/* cut 0: whole; 1: one by one; else a seed. Each piece is a copy of its own. */
static struct outcome play(const struct http1_limits *l, struct str in, unsigned cut)
{
    struct run run = {0};
    http1_init(&run.codec, l);
    begin(&run);
    while (in.len) {
        cut = cut > 1 ? cut * 1103515245u + 12345u : cut;
        size_t n = cut == 0 ? in.len : cut == 1 ? 1 : 1 + (cut >> 16) % 23;
        n = n < in.len ? n : in.len;
        char *copy = malloc(n);
        must(copy != NULL);
        memcpy(copy, in.ptr, n);
        feed(&run, (struct str){copy, n});
        free(copy);
        in = (struct str){in.ptr + n, in.len - n};
    }
    run.outcome.phase = run.codec.phase;
    run.outcome.body_left = http1_body_left(&run.codec);
    arena_fini(&run.arena);
    return run.outcome;
}

static void must_be_same(struct outcome a, struct outcome b)
{
    must(a.n_requests == b.n_requests);
    must(a.status == b.status);
    must(a.hash == b.hash);
    must(a.phase == b.phase && a.body_left == b.body_left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct http1_limits *l = &limits[data[0] % 4];
    struct str in = {(const char *)data + 2, size - 2};
    struct outcome whole = play(l, in, 0);
    must_be_same(whole, play(l, in, 1));
    must_be_same(whole, play(l, in, 2u + data[1]));
    return 0;
}
