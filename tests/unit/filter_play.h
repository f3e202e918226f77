/* A filter alone: a request for it, memory that may end, and what it sends. */
#ifndef FILTER_PLAY_H
#define FILTER_PLAY_H
#include "filter/filter.h"
#include <cgw/middleware.h>

enum { PLAY_FIELDS = 16, PLAY_BODY = 4 * 1024 * 1024 };

struct play {
    struct filter_call call;
    struct filter_answer answer;
    struct cgw_scope scope;
    struct cgw_header fields[PLAY_FIELDS];
    uint64_t now_us;
    int allocs_left; /* < 0: no end */
    bool wants_end;
    char told[256], logged[512];
    /* What was sent. */
    int status, verdict;
    struct cgw_header sent[PLAY_FIELDS];
    size_t n_sent, n_starts, n_events, n_files, n_flushes;
    uint16_t start_flags;
    char *body;
    size_t body_len;
    bool is_complete;
};

/* Anew; worker memory is kept where the filter and the options are the same. */
void play_begin(struct play *play, const struct cgw__filter *filter, const void *options);
/* Before play_ask(). */
void play_field(struct play *play, const char *name, const char *value);
/* begin(): its verdict. */
int play_ask(struct play *play, const char *method);
/* What the pump says; all that comes out is in play. */
int play_send(struct play *play, const struct cgw_event *events, size_t n);
/* A response with fields "name: value", NULL behind the last; status as of play_send(). */
int play_respond(struct play *play, int status, const char *const *fields, const char *body,
                 size_t len);
/* Of the response; NULL: none. */
const char *play_sent(const struct play *play, const char *name);
/* Of the answer. */
const char *play_answered(const struct play *play, const char *name);
/* end(), and all memory back. */
void play_end(struct play *play);
#endif
