#include "filter_play.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 4096 };

static void *pieces[PIECES];
static size_t n_pieces;
static void *worker;
static const void *worker_options;

static struct play *play_of(struct filter_call *call)
{
    return (struct play *)(void *)((char *)call - offsetof(struct play, call));
}

static void *alloc(struct filter_call *call, size_t bytes)
{
    struct play *play = play_of(call);
    if (play->allocs_left == 0)
        return NULL;
    play->allocs_left -= play->allocs_left > 0;
    ck_assert_uint_lt(n_pieces, PIECES);
    pieces[n_pieces] = malloc(bytes);
    if (pieces[n_pieces])
        memset(pieces[n_pieces], 0xd9, bytes);
    return pieces[n_pieces++];
}

static uint64_t now_us(struct filter_call *call)
{
    return play_of(call)->now_us;
}

static void take_log(struct filter_call *call, int level, const char *text, size_t len)
{
    (void)level;
    snprintf(play_of(call)->logged, sizeof(play_of(call)->logged), "%.*s", (int)len, text);
}

static int at_end(struct filter_call *call)
{
    struct play *play = play_of(call);
    if (play->allocs_left == 0)
        return CGW_ENOMEM;
    play->wants_end = true;
    return CGW_OK;
}

static void tell(struct filter_call *call, const char *name, const char *value)
{
    struct play *play = play_of(call);
    snprintf(play->told, sizeof(play->told), "%s=%s", name, value);
}

static const struct filter_driver driver = {alloc, now_us, take_log, at_end, tell};

static void keep_worker(struct play *play, const struct cgw__filter *filter, const void *options)
{
    if (options != worker_options) {
        free(worker);
        worker = filter->worker_bytes ? calloc(1, filter->worker_bytes(options)) : NULL;
        worker_options = options;
    }
    play->call.worker = worker;
}

void play_begin(struct play *play, const struct cgw__filter *filter, const void *options)
{
    uint64_t now = play->now_us;
    memset(play, 0, sizeof(*play));
    play->now_us = now;
    play->allocs_left = -1;
    play->scope = (struct cgw_scope){.size = sizeof(play->scope),
                                     .type = CGW_SCOPE_HTTP,
                                     .scheme = CGW_STR("http"),
                                     .raw_path = CGW_STR("/a%20b"),
                                     .query = CGW_STR("x=1"),
                                     .client = CGW_STR("192.0.2.1"),
                                     .headers = play->fields};
    play->call = (struct filter_call){.filter = filter,
                                      .driver = &driver,
                                      .options = options,
                                      .state = calloc(1, filter->state_bytes + 1),
                                      .scope = &play->scope};
    keep_worker(play, filter, options);
    play->body = malloc(PLAY_BODY);
}

void play_field(struct play *play, const char *name, const char *value)
{
    play->fields[play->scope.n_headers++] =
        (struct cgw_header){{name, strlen(name)}, {value, strlen(value)}};
}

int play_ask(struct play *play, const char *method)
{
    play->scope.method = (struct cgw_str){method, strlen(method)};
    const struct cgw__filter *filter = play->call.filter;
    play->verdict = filter->begin ? filter->begin(&play->call, &play->answer) : FILTER_PASS;
    return play->verdict;
}

static void take_start(struct play *play, const struct cgw_event *start)
{
    play->n_starts++;
    play->status = start->u.start.status;
    play->start_flags = start->flags;
    ck_assert_uint_le(start->u.start.n_headers, PLAY_FIELDS);
    play->n_sent = start->u.start.n_headers;
    /* what is sent may be the application's, which goes */
    for (size_t i = 0; i < play->n_sent; i++) {
        const struct cgw_header *header = &start->u.start.headers[i];
        play->sent[i].name = filter_copy(&play->call, header->name.ptr, header->name.len);
        play->sent[i].value = filter_copy(&play->call, header->value.ptr, header->value.len);
    }
}

static void take_event(struct play *play, const struct cgw_event *event)
{
    play->n_events++;
    play->n_files += event->type == CGW_HTTP_RESPONSE_FILE;
    if (event->type == CGW_HTTP_RESPONSE_START)
        take_start(play, event);
    if (event->type != CGW_HTTP_RESPONSE_BODY)
        return;
    ck_assert_uint_ge(play->n_starts, 1);
    ck_assert(!play->is_complete);
    for (size_t i = 0; i < event->u.bodyv.n_parts; i++) {
        const struct cgw_str *part = &event->u.bodyv.parts[i];
        ck_assert_uint_le(play->body_len + part->len, PLAY_BODY);
        memcpy(play->body + play->body_len, part->ptr, part->len);
        play->body_len += part->len;
    }
    play->is_complete = !(event->flags & CGW_MORE);
}

int play_send(struct play *play, const struct cgw_event *events, size_t n)
{
    struct filter_pump pump = {events, n, 0};
    struct filter_out out;
    while (pump.at < pump.n) {
        int status = filter_pump(&play->call, &pump, &out);
        if (status != CGW_OK)
            return status;
        int left = play->allocs_left;
        play->allocs_left = -1;
        for (size_t i = 0; i < out.n; i++)
            take_event(play, &out.events[i]);
        play->allocs_left = left;
        play->n_flushes += out.must_go;
    }
    return CGW_OK;
}

int play_respond(struct play *play, int status, const char *const *fields, const char *body,
                 size_t len)
{
    struct cgw_header headers[PLAY_FIELDS];
    size_t n = 0;
    for (; fields && *fields; fields++) {
        const char *colon = strchr(*fields, ':');
        headers[n].name = (struct cgw_str){*fields, (size_t)(colon - *fields)};
        headers[n++].value = (struct cgw_str){colon + 2, strlen(colon + 2)};
    }
    struct cgw_str part = {body, len};
    const struct cgw_event events[] = {cgw_event_start((uint16_t)status, headers, n),
                                       cgw_event_body(&part, len != 0, 0)};
    return play_send(play, events, 2);
}

static const char *value_of(const struct cgw_header *headers, size_t n, const char *name)
{
    const struct cgw_header *field = filter_field(headers, n, name);
    return field ? field->value.ptr : NULL;
}

const char *play_sent(const struct play *play, const char *name)
{
    return value_of(play->sent, play->n_sent, name);
}

const char *play_answered(const struct play *play, const char *name)
{
    return value_of(play->answer.headers, play->answer.n_headers, name);
}

void play_end(struct play *play)
{
    if (play->wants_end)
        play->call.filter->end(&play->call);
    free(play->call.state);
    free(play->body);
    play->body = NULL;
    while (n_pieces)
        free(pieces[--n_pieces]);
}
