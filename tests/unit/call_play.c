/* The wire in words, and the small rest of a worker. */
#include "call_play.h"
#include "base/clock.h"
#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct call_play play;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list args;
    size_t used = strlen(play.said);
    if (used && used < sizeof play.said - 1)
        play.said[used++] = ' ';
    va_start(args, format);
    vsnprintf(play.said + used, sizeof play.said - used, format, args);
    va_end(args);
}

static void say_head(const struct call_write *write)
{
    const struct head *head = write->head;
    say("%d%s", head->status, write->hold ? "(held)" : "");
    if (head->has_length)
        say("length=%d", (int)head->length);
    for (size_t i = 0; i < head->n_fields; i++)
        if (str_is(head->fields[i].name, STR("server-timing")))
            say("timing=%.*s", (int)head->fields[i].value.len, head->fields[i].value.ptr);
}

static int wire_write(struct call *call, const struct call_write *write)
{
    (void)call;
    if (write->head)
        say_head(write);
    if (write->fd >= 0)
        say("file+%d", (int)write->bytes);
    else if (write->bytes)
        say("+%d", (int)write->bytes);
    if (write->n_trailers)
        say("trailers");
    if (write->end)
        say("end");
    return play.write_status;
}

static int wire_informational(struct call *call, int status, const struct field *fields, size_t n)
{
    (void)call, (void)fields, (void)n;
    say("%d", status);
    return CGW_OK;
}

static int wire_read(struct call *call, struct str *ret_data, bool *ret_more)
{
    (void)call;
    if (play.body_is_late)
        return CGW_PENDING;
    *ret_data = STR("body");
    *ret_more = false;
    return CGW_OK;
}

static void wire_fail(struct call *call, int status)
{
    (void)call;
    say("fail%d", status);
}

static void wire_ended(struct call *call)
{
    (void)call;
    play.ended++;
}

static const struct call_wire wire = {wire_write, wire_informational, wire_read, wire_fail,
                                      wire_ended};

static void wake(void *arg)
{
    (void)arg;
}

void play_open(void (*app_call)(struct cgw_call *call))
{
    struct pool_settings pool = {2, 4, 10000, 0};
    memset(&play, 0, sizeof play);
    snprintf(play.log_path, sizeof play.log_path, "/tmp/call_play.XXXXXX");
    int fd = mkstemp(play.log_path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(log_start(play.log_path, false, LOG_LEVEL_INFO), 0);
    play.app = (struct cgw_app){.magic = CGW_MAGIC, .call = app_call};
    play.slot.n_routes = 1;
    ck_assert_int_eq(mailbox_init(&play.mailbox, wake, NULL), 0);
    ck_assert_int_eq(call_runtime_init(&play.runtime, &play.app, &play.settings), 0);
    ck_assert_ptr_nonnull(play.runtime.slot); /* a spare one */
    ck_assert_int_eq(pool_new(&pool, &play.runtime.pool), 0);
    play.runtime.mailbox = &play.mailbox;
    play.runtime.slot = &play.slot;
}

void play_close(void)
{
    ck_assert_uint_eq(play.runtime.n_running, 0);
    ck_assert_int_eq(pool_free(play.runtime.pool, 60000), 0);
    mailbox_run(&play.mailbox);
    call_runtime_fini(&play.runtime);
    mailbox_fini(&play.mailbox);
    log_stop();
    unlink(play.log_path);
}

void play_begin(void)
{
    play.said[0] = '\0';
    play.call = call_get(&play.runtime, &call_http, &wire, &play);
    ck_assert_ptr_nonnull(play.call);
    play.call->scope = (struct cgw_scope){.size = sizeof play.call->scope,
                                          .type = CGW_SCOPE_HTTP,
                                          .http_major = 1,
                                          .http_minor = 1,
                                          .method = CGW_STR("GET"),
                                          .path = CGW_STR("/items/7"),
                                          .raw_path = CGW_STR("/items/7"),
                                          .query = CGW_STR("")};
    call_begin(play.call);
}

void play_until_ended(int n)
{
    uint64_t end = clock_now_us() + 60000000;
    while (play.ended < n) {
        ck_assert_msg(clock_now_us() < end, "ended: %d of %d", play.ended, n);
        mailbox_run(&play.mailbox);
        call_run_due(&play.runtime);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

void play_serve(int n)
{
    for (int i = 0; i < n; i++) {
        int ended = play.ended;
        play_begin();
        play_until_ended(ended + 1);
    }
}

int play_told(const char *text)
{
    char line[4096];
    int n = 0;
    log_stop();
    FILE *file = fopen(play.log_path, "re");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        n += strstr(line, text) != NULL;
    fclose(file);
    ck_assert_int_eq(log_start(play.log_path, false, LOG_LEVEL_INFO), 0);
    return n;
}

void play_catch(uint64_t us, const char *site)
{
    uint64_t now = clock_now_us();
    snprintf(play.slot.blocked_site, sizeof play.slot.blocked_site, "%s", site);
    play.slot.blocked_since_us = now > us ? now - us : 0;
    play.slot.blocked_before_us = play.slot.blocked_since_us - 50000;
    play.slot.blocked_entered = board_get(&play.slot.entered);
}

int play_respond(struct cgw_call *call, uint16_t status, const struct cgw_header *fields, size_t n,
                 const char *body)
{
    const struct cgw_str part = {body, strlen(body)};
    const struct cgw_event events[] = {cgw_event_start(status, fields, n),
                                       cgw_event_body(&part, 1, 0)};
    return call->host->send(call, events, 2, NULL, NULL);
}
