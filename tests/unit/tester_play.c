/* Each path is a step, which answers at once or names what follows a timer, an event or a thread.
 */
#include "tester_play.h"
#include "unit.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *play_startup_failure, *play_shutdown_failure;
int play_starts, play_stops;
char play_notes[4096];

struct play {
    struct cgw_call *call;
    void (*next)(struct play *play);
    struct cgw_event in, out[2];
    struct cgw_str part;
    struct cgw_header headers[2];
    struct cgw_timer timer;
    size_t n, events, bytes;
    uint64_t us;
    char text[2048], header[512];
};

static const struct cgw_loop *loop_of(const struct play *play)
{
    return play->call->host->extension(play->call->host, CGW_EXT_LOOP);
}

/* ---- arguments ---- */

static const char *query_of(const struct play *play)
{
    return play->call->scope->query.ptr;
}

static double argument(const struct play *play, const char *name, double otherwise)
{
    const char *at = strstr(query_of(play), name);
    return at ? strtod(at + strlen(name), NULL) : otherwise;
}

static struct cgw_str field(const struct play *play, const char *name)
{
    const struct cgw_scope *scope = play->call->scope;
    for (size_t i = 0; i < scope->n_headers; i++)
        if (strcmp(scope->headers[i].name.ptr, name) == 0)
            return scope->headers[i].value;
    return (struct cgw_str){"", 0};
}

/* ---- answers ---- */

static void finished(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void give(struct play *play, size_t n, cgw_done_fn *done)
{
    int status = play->call->host->send(play->call, play->out, n, done, play);
    if (status != CGW_PENDING)
        done(play->call, status, play);
}

static void reply(struct play *play, uint16_t status, const char *name)
{
    size_t n = name != NULL;
    if (n)
        play->headers[0] =
            (struct cgw_header){{name, strlen(name)}, {play->header, strlen(play->header)}};
    play->part = (struct cgw_str){play->text, strlen(play->text)};
    play->out[0] = cgw_event_start(status, play->headers, n);
    play->out[1] = cgw_event_body(&play->part, 1, 0);
    give(play, 2, finished);
}

static void reply_text(struct play *play, const char *text)
{
    snprintf(play->text, sizeof play->text, "%s", text);
    reply(play, 200, NULL);
}

/* ---- steps ---- */

static void on_timer(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    struct play *play = arg;
    (void)call, (void)timer;
    play->next(play);
}

static void after(struct play *play, double seconds, void (*next)(struct play *play))
{
    play->next = next;
    loop_of(play)->timer_start(play->call, &play->timer, (uint64_t)(seconds * 1e6), on_timer, play);
}

static void on_event(struct cgw_call *call, int status, void *arg)
{
    struct play *play = arg;
    if (status < 0)
        call->host->finish(call, status);
    else
        play->next(play);
}

static void receive(struct play *play, void (*next)(struct play *play))
{
    play->next = next;
    int status = play->call->host->receive(play->call, &play->in, on_event, play);
    if (status != CGW_PENDING)
        on_event(play->call, status, play);
}

/* ---- paths ---- */

static void see(struct play *play)
{
    const struct cgw_scope *scope = play->call->scope;
    const char *name = strstr(query_of(play), "field=");
    size_t n = 0;
    play->text[0] = '\0';
    for (size_t i = 0; i < scope->n_headers; i++)
        if (name && strcmp(scope->headers[i].name.ptr, name + 6) == 0)
            n += (size_t)snprintf(play->text + n, sizeof play->text - n, "%s=%s;", name + 6,
                                  scope->headers[i].value.ptr);
    reply(play, 200, NULL);
}

static void set(struct play *play)
{
    char *to = play->header;
    for (const char *p = query_of(play); *p; p++) {
        unsigned byte;
        bool is_escape = *p == '%' && sscanf(p + 1, "%2x", &byte) == 1;
        *to++ = is_escape ? (char)byte : *p;
        p += is_escape ? 2 : 0;
    }
    *to = '\0';
    snprintf(play->text, sizeof play->text, "set");
    reply(play, 200, "Set-Cookie");
}

static void to(struct play *play)
{
    const char *equals = strchr(query_of(play), '=');
    snprintf(play->header, sizeof play->header, "%s", equals ? equals + 1 : "/to?302");
    play->text[0] = '\0';
    reply(play, (uint16_t)strtoul(query_of(play), NULL, 10), "Location");
}

static void take_body(struct play *play)
{
    struct cgw_str data = play->in.u.body.data;
    play->events++;
    memcpy(play->text + play->bytes, data.ptr, data.len);
    play->bytes += data.len;
    play->text[play->bytes] = '\0';
    if (play->in.type == CGW_HTTP_REQUEST && (play->in.flags & CGW_MORE)) {
        receive(play, take_body);
        return;
    }
    char body[512];
    snprintf(body, sizeof body, "%.500s", play->text);
    if (strcmp(play->call->scope->path.ptr, "/method") == 0)
        snprintf(play->text, sizeof play->text, "%s %s %s", play->call->scope->method.ptr,
                 field(play, "content-type").ptr, body);
    else
        snprintf(play->text, sizeof play->text, "%zu events, %zu bytes", play->events, play->bytes);
    reply(play, 200, NULL);
}

static void upload(struct play *play)
{
    receive(play, take_body);
}

static void slept(struct play *play)
{
    reply_text(play, "slept");
}

static void sleep_by_timer(struct play *play)
{
    after(play, argument(play, "s=", 1), slept);
}

static void block(struct play *play)
{
    usleep((unsigned)argument(play, "ms=", 100) * 1000);
    reply_text(play, "blocked");
}

static void spin(struct play *play)
{
    struct timespec now;
    double until = 0;
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        double at = (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
        until = until > 0 ? until : at + argument(play, "ms=", 100);
        if (at >= until)
            break;
    } while (true);
    reply_text(play, "spun");
}

static void note(struct play *play)
{
    size_t used = strlen(play_notes);
    snprintf(play_notes + used, sizeof play_notes - used, "%s ",
             strstr(query_of(play), "id=") ? strstr(query_of(play), "id=") + 3 : "?");
    if (play->n++ < (size_t)argument(play, "n=", 1))
        after(play, argument(play, "s=", 0), note);
    else
        reply_text(play, "noted");
}

static void piece(struct play *play);

static void piece_sent(struct cgw_call *call, int status, void *arg)
{
    struct play *play = arg;
    if (status < 0)
        call->host->finish(call, status);
    else if (play->n < (size_t)argument(play, "n=", 3))
        after(play, argument(play, "s=", 0), piece);
    else
        call->host->finish(call, 0);
}

static void piece(struct play *play)
{
    size_t n = 0;
    bool is_first = play->n++ == 0;
    bool is_last = play->n == (size_t)argument(play, "n=", 3);
    play->part = (struct cgw_str)CGW_STR("piece");
    if (is_first)
        play->out[n++] = cgw_event_start(200, NULL, 0);
    play->out[n++] = cgw_event_body(&play->part, 1, is_last ? 0 : CGW_MORE);
    give(play, n, piece_sent);
}

static void gone(struct play *play)
{
    if (play->in.type != CGW_HTTP_DISCONNECT) {
        receive(play, gone);
        return;
    }
    play->call->host->log(play->call, CGW_LOG_INFO, "the client has left", 19);
    play->call->host->finish(play->call, CGW_ECLOSED);
}

static void wait_for_leave(struct play *play)
{
    receive(play, gone);
}

static void never(struct play *play)
{
    (void)play;
}

static void work(void *arg)
{
    const struct play *play = arg;
    usleep((unsigned)argument(play, "ms=", 10) * 1000);
}

static void worked(struct cgw_call *call, int status, void *arg)
{
    (void)call, (void)status;
    reply_text(arg, "worked");
}

static void thread(struct play *play)
{
    const struct cgw_thread *table = play->call->host->extension(play->call->host, CGW_EXT_THREAD);
    ck_assert_int_eq(table->run(play->call, work, play, worked, play), CGW_PENDING);
}

static void give_up(struct play *play)
{
    play->call->host->finish(play->call, (int)argument(play, "status=", -1));
}

static void half_sent(struct cgw_call *call, int status, void *arg)
{
    (void)status;
    give_up(arg);
    (void)call;
}

static void half(struct play *play)
{
    play->part = (struct cgw_str)CGW_STR("half");
    play->out[0] = cgw_event_start(200, NULL, 0);
    play->out[1] = cgw_event_body(&play->part, 1, CGW_MORE);
    give(play, 2, half_sent);
}

static void log_line(struct play *play)
{
    struct cgw_str query = play->call->scope->query;
    play->call->host->log(play->call, CGW_LOG_WARNING, query.ptr, query.len);
    reply_text(play, "logged");
}

static void scope(struct play *play)
{
    const struct cgw_scope *at = play->call->scope;
    snprintf(play->text, sizeof play->text, "%s [%s] %s %s [%s] %s %s", at->scheme.ptr,
             at->root_path.ptr, at->path.ptr, at->raw_path.ptr, at->query.ptr, at->client.ptr,
             at->state ? "state" : "none");
    reply(play, 200, NULL);
}

/* ---- what is not allowed ---- */

static void on_nothing(struct cgw_call *call, int status, void *arg)
{
    (void)call, (void)status, (void)arg;
}

static void *use_elsewhere(void *arg)
{
    struct play *play = arg;
    struct cgw_event event;
    play->call->host->receive(play->call, &event, on_nothing, NULL);
    return NULL;
}

static void wrong(struct play *play)
{
    struct cgw_call *call = play->call;
    const struct cgw_host *host = call->host;
    const char *what = query_of(play);
    pthread_t other;
    play->part = (struct cgw_str)CGW_STR("text");
    play->out[0] = cgw_event_start(200, NULL, 0);
    play->out[1] = cgw_event_body(&play->part, 1, 0);
    if (strcmp(what, "order") == 0) {
        host->send(call, &play->out[1], 1, on_nothing, NULL);
    } else if (strcmp(what, "size") == 0) {
        play->out[0].size = 32;
        host->send(call, play->out, 2, on_nothing, NULL);
    } else if (strcmp(what, "status") == 0) {
        play->out[0].u.start.status = 99;
        host->send(call, play->out, 2, on_nothing, NULL);
    } else if (strcmp(what, "field") == 0) {
        play->headers[0] = (struct cgw_header)CGW_HEADER("x-bad", "a\nb");
        play->out[0] = cgw_event_start(200, play->headers, 1);
        host->send(call, play->out, 2, on_nothing, NULL);
    } else if (strcmp(what, "length") == 0) {
        play->headers[0] = (struct cgw_header)CGW_HEADER("content-length", "9");
        play->out[0] = cgw_event_start(200, play->headers, 1);
        host->send(call, play->out, 2, on_nothing, NULL);
    } else if (strcmp(what, "receives") == 0) {
        receive(play, never);
        host->receive(call, &play->in, on_nothing, NULL);
        host->receive(call, &play->in, on_nothing, NULL);
    } else if (strcmp(what, "incomplete") == 0) {
        host->finish(call, 0);
    } else if (strcmp(what, "again") == 0) {
        host->finish(call, CGW_EIO);
        host->finish(call, CGW_EIO);
    } else if (strcmp(what, "timer") == 0) {
        memset(&play->timer, 7, sizeof play->timer);
        after(play, 1, never);
    } else if (strcmp(what, "thread") == 0) {
        pthread_create(&other, NULL, use_elsewhere, play);
        pthread_join(other, NULL);
    } else if (strcmp(what, "route") == 0) {
        const struct cgw_route *table = host->extension(host, CGW_EXT_ROUTE);
        table->set(call, "/a", 2);
        table->set(call, "/b", 2);
    } else {
        if (host->send(call, play->out, 2, on_nothing, NULL) == CGW_PENDING)
            play->out[0].u.start.status = 201;
        else
            host->finish(call, 0);
    }
}

/* ---- the application ---- */

static const struct {
    const char *path;
    void (*begin)(struct play *play);
} paths[] = {{"/see", see},
             {"/set", set},
             {"/to", to},
             {"/method", upload},
             {"/upload", upload},
             {"/block", block},
             {"/spin", spin},
             {"/note", note},
             {"/stream", piece},
             {"/never", never},
             {"/thread", thread},
             {"/fail", give_up},
             {"/half", half},
             {"/log", log_line},
             {"/scope", scope},
             {"/wrong", wrong},
             {"/sleep", sleep_by_timer},
             {"/wait", wait_for_leave}};

static void shutdown_done(struct cgw_call *call, int status, void *arg)
{
    (void)status, (void)arg;
    play_stops++;
    call->host->finish(call, 0);
}

static void shut_down(struct play *play)
{
    play->out[0] = (struct cgw_event){.type = CGW_LIFESPAN_SHUTDOWN_COMPLETE,
                                      .size = sizeof(struct cgw_event)};
    if (play_shutdown_failure) {
        play->out[0].type = CGW_LIFESPAN_SHUTDOWN_FAILED;
        play->out[0].u.lifespan.message =
            (struct cgw_str){play_shutdown_failure, strlen(play_shutdown_failure)};
    }
    give(play, 1, shutdown_done);
}

static void started(struct cgw_call *call, int status, void *arg)
{
    if (play_startup_failure)
        call->host->finish(call, status);
    else
        receive(arg, shut_down);
}

static void start_up(struct play *play)
{
    play->out[0] =
        (struct cgw_event){.type = CGW_LIFESPAN_STARTUP_COMPLETE, .size = sizeof(struct cgw_event)};
    play->out[0].u.lifespan.state = &play_starts;
    if (play_startup_failure) {
        play->out[0].type = CGW_LIFESPAN_STARTUP_FAILED;
        play->out[0].u.lifespan.state = NULL;
        play->out[0].u.lifespan.message =
            (struct cgw_str){play_startup_failure, strlen(play_startup_failure)};
    }
    play_starts++;
    give(play, 1, started);
}

static void begin(struct cgw_call *call)
{
    struct play *play = call->host->alloc(call, sizeof *play);
    ck_assert_ptr_nonnull(play);
    memset(play, 0, sizeof *play);
    play->call = call;
    if (call->scope->type == CGW_SCOPE_LIFESPAN) {
        receive(play, start_up);
        return;
    }
    const char *path = call->scope->path.ptr + call->scope->root_path.len;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(path, paths[i].path) == 0) {
            paths[i].begin(play);
            return;
        }
    snprintf(play->text, sizeof play->text, "no such path");
    reply(play, 404, NULL);
}

const struct cgw_app play_app = {.magic = CGW_MAGIC,
                                 .abi_major = CGW_ABI_MAJOR,
                                 .abi_minor = CGW_ABI_MINOR,
                                 .size = sizeof play_app,
                                 .flags = CGW_LIFESPAN,
                                 .kind = CGW_ASYNC,
                                 .name = "play",
                                 .call = begin};

void play_forget(void)
{
    play_notes[0] = '\0';
}
