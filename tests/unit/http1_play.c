/* See http1_play.h. */
#include "http1_play.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>

const struct http1_limits http1_small = {2000, 10, 100, 1000};
const struct http1_limits http1_usual = {32 << 10, 100, 16 << 10, 16 << 20};

struct play {
    struct http1 codec;
    struct arena arena;
    struct http1_request request;
    FILE *line;
    const char *separator;
    char body[64]; /* its front */
    size_t body_bytes;
    uint32_t hash;
    bool has_body, is_refused;
};

static void take_body(struct play *play, struct str data)
{
    for (size_t i = 0; i < data.len; i++) {
        if (play->body_bytes < sizeof play->body)
            play->body[play->body_bytes] = data.ptr[i];
        play->hash = (play->hash ^ (unsigned char)data.ptr[i]) * 16777619u;
        play->body_bytes++;
    }
}

static void end_body(struct play *play)
{
    if (play->body_bytes > sizeof play->body)
        fprintf(play->line, " [#%zu:%08x]", play->body_bytes, play->hash);
    else
        fprintf(play->line, " [%.*s]", (int)play->body_bytes, play->body);
    play->has_body = false;
}

static void see_strings(const struct http1_request *r)
{
    const struct str strings[] = {r->method, r->target, r->raw_path, r->query, r->host};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        UNIT_MUST(strings[i].ptr[strings[i].len] == '\0');
    for (size_t i = 0; i < r->n_fields; i++) {
        UNIT_MUST(r->fields[i].name.ptr[r->fields[i].name.len] == '\0');
        UNIT_MUST(r->fields[i].value.ptr[r->fields[i].value.len] == '\0');
    }
}

static void see_event(struct play *play, const struct http1_event *event, struct str piece)
{
    switch (event->type) {
    case HTTP1_MORE:
        break;
    case HTTP1_HEAD:
        see_strings(&play->request);
        fprintf(play->line, "%s%s %s", play->separator, play->request.method.ptr,
                play->request.raw_path.ptr);
        play->has_body = !event->ended;
        play->body_bytes = 0;
        play->hash = 2166136261u;
        break;
    case HTTP1_BODY:
        UNIT_MUST(event->data.len > 0);
        UNIT_MUST(event->data.ptr >= piece.ptr);
        UNIT_MUST(event->data.ptr + event->data.len <= piece.ptr + piece.len);
        take_body(play, event->data);
        if (event->ended)
            end_body(play);
        break;
    case HTTP1_END:
        end_body(play);
        break;
    case HTTP1_ERROR:
        fprintf(play->line, "%s%d", play->has_body ? " ... " : play->separator, event->status);
        UNIT_MUST(event->why);
        play->is_refused = true;
        break;
    }
    if (event->type != HTTP1_MORE)
        play->separator = ", ";
}

static void begin(struct play *play)
{
    arena_reset(&play->arena);
    http1_begin(&play->codec, &play->arena, &play->request);
}

static void feed(struct play *play, struct str piece)
{
    while (piece.len && !play->is_refused) {
        size_t used;
        struct http1_event event;
        http1_feed(&play->codec, piece.ptr, piece.len, &used, &event);
        UNIT_MUST(used <= piece.len);
        UNIT_MUST(event.type != HTTP1_MORE || used == piece.len);
        see_event(play, &event, piece);
        piece = (struct str){piece.ptr + used, piece.len - used};
        if (play->codec.phase == HTTP1_IDLE && event.type != HTTP1_MORE)
            begin(play);
    }
}

static void feed_copy(struct play *play, struct str piece)
{
    char *copy = malloc(piece.len ? piece.len : 1);
    UNIT_MUST(copy);
    memcpy(copy, piece.ptr, piece.len);
    feed(play, (struct str){copy, piece.len});
    free(copy);
}

char *http1_play(const struct http1_limits *limits, struct str in, size_t first, size_t step)
{
    struct play play = {.separator = ""};
    char *text = NULL;
    size_t size;
    play.line = open_memstream(&text, &size);
    UNIT_MUST(play.line);
    http1_init(&play.codec, limits);
    begin(&play);
    for (size_t n = first ? first : step; in.len; n = step) {
        n = n < in.len ? n : in.len;
        feed_copy(&play, (struct str){in.ptr, n});
        in = (struct str){in.ptr + n, in.len - n};
    }
    if (!play.is_refused && play.codec.phase != HTTP1_IDLE)
        fprintf(play.line, "%s...", play.codec.phase == HTTP1_IN_HEAD ? play.separator : " ");
    fclose(play.line);
    arena_fini(&play.arena);
    return text;
}

static void expect_cut(const struct http1_limits *limits, const struct http1_row *row, size_t first,
                       size_t step)
{
    char *got = http1_play(limits, row->in, first, step);
    if (strcmp(got, row->want) != 0)
        ck_abort_msg("%s, cut %zu/%zu: got \"%s\", want \"%s\"", row->name, first, step, got,
                     row->want);
    free(got);
}

void http1_expect(const struct http1_limits *limits, const struct http1_row *row)
{
    size_t len = row->in.len;
    expect_cut(limits, row, 0, len);
    expect_cut(limits, row, 0, 1);
    expect_cut(limits, row, 0, 7);
    for (size_t cut = 1; cut < len; cut += 1 + len / 700)
        expect_cut(limits, row, cut, len);
}
