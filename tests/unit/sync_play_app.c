/* See sync_play_app.h. */
#include "sync_play_app.h"

struct play play;
char big[2 * KIB64];
struct cgw_event seen[8];
int answers[8];
atomic_int stage;

int take(struct cgw_call *call, struct cgw_event *event)
{
    return call->host->receive(call, event, NULL, NULL);
}

int give(struct cgw_call *call, const struct cgw_event *events, size_t n)
{
    return call->host->send(call, events, n, NULL, NULL);
}

void finish(struct cgw_call *call, int status)
{
    call->host->finish(call, status);
}

int respond(struct cgw_call *call, const char *text, size_t len)
{
    struct cgw_header headers[] = {CGW_HEADER("a", "b")};
    struct cgw_str part = {text, len};
    struct cgw_event events[] = {cgw_event_start(200, headers, 1), cgw_event_body(&part, 1, 0)};
    return give(call, events, 2);
}

int start(struct cgw_call *call, uint16_t status)
{
    struct cgw_event event = cgw_event_start(status, NULL, 0);
    return give(call, &event, 1);
}

int piece(struct cgw_call *call, const char *text, size_t len, uint16_t flags)
{
    struct cgw_str part = {text, len};
    struct cgw_event event = cgw_event_body(&part, 1, flags);
    return give(call, &event, 1);
}

void hello(struct cgw_call *call)
{
    answers[0] = take(call, &seen[0]);
    answers[1] = respond(call, "hello", 5);
    finish(call, CGW_OK);
}

void run(void (*call)(struct cgw_call *call))
{
    play_begin(call, 2, 8);
    play_run(&play);
    play_end();
    ck_assert(!play.has_misbehaved);
    ck_assert_int_eq(play.n_finishes, 1);
}

void begin_and_get_stuck(void (*call)(struct cgw_call *call))
{
    atomic_store(&stage, 0);
    play_begin(call, 2, 8);
    sync_call(play_runner, &play.call, &play_origin);
    play.is_stuck = true;
    play_until(&play, &stage, 1);
    while (!play.receiving.is_set && !play.sending.is_set)
        mailbox_run(&play_mailbox);
}

void end_stuck(void)
{
    play.is_stuck = false;
    play_until_finished(&play);
    play_end();
    ck_assert(!play.has_misbehaved);
}
