/*
 * A mounted application that blocks: its call runs on a pool thread as the second half of the
 * request's task, so receive() and send() wait there while the loop does the work. All that it gets
 * is played here; the tables that would call back on the loop are not among it.
 */
#include "base/memory.h"
#include "web/mount.h"

struct letter {
    struct letter *next;
    void (*fn)(struct cgw_call *call, void *arg);
    void *arg;
};

/* Lies on the fiber's stack; the thread touches it while the fiber waits for the thread. */
struct mounted {
    struct cgw_call call;
    const struct mount_life *life;
    cgw_request *req;
    struct cgw_site site;
    pthread_mutex_t lock; /* guards the letters: any thread posts */
    struct letter *letters, **last;
    int status;
    bool is_finished;
};

static struct mounted *mounted_of(struct cgw_call *call)
{
    return (struct mounted *)(void *)((char *)call - offsetof(struct mounted, call));
}

/* ---- letters from other threads: opened on the call's own, when it comes by ---- */

static struct letter *take_letter(struct mounted *mounted)
{
    pthread_mutex_lock(&mounted->lock);
    struct letter *letter = mounted->letters;
    if (letter && !(mounted->letters = letter->next))
        mounted->last = &mounted->letters;
    pthread_mutex_unlock(&mounted->lock);
    return letter;
}

static void open_letters(struct mounted *mounted)
{
    for (struct letter *letter; (letter = take_letter(mounted));) {
        struct letter opened = *letter;
        memory_free(letter);
        opened.fn(&mounted->call, opened.arg);
    }
}

static int post(struct cgw_call *call, void (*fn)(struct cgw_call *call, void *arg), void *arg)
{
    struct mounted *mounted = mounted_of(call);
    struct letter *letter = memory_alloc(sizeof(*letter));
    if (!letter)
        return CGW_ENOMEM;
    *letter = (struct letter){NULL, fn, arg};
    pthread_mutex_lock(&mounted->lock);
    *mounted->last = letter;
    mounted->last = &letter->next;
    pthread_mutex_unlock(&mounted->lock);
    return CGW_OK;
}

/* ---- the call ---- */

struct question {
    struct mounted *mounted;
    struct cgw_event *event;
    const struct cgw_event *events;
    size_t n;
    const char *text;
};

static int do_receive(void *arg)
{
    struct question *question = arg;
    struct mounted *mounted = question->mounted;
    return channel_receive(mounted->req, question->event, &mounted->site);
}

static int sync_receive(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done,
                        void *arg)
{
    struct question question = {.mounted = mounted_of(call), .event = event};
    (void)done;
    (void)arg;
    open_letters(question.mounted);
    int status = task_on_loop(do_receive, &question);
    open_letters(question.mounted);
    return status;
}

static int do_send(void *arg)
{
    struct question *question = arg;
    struct mounted *mounted = question->mounted;
    return channel_send(mounted->req, question->events, question->n, &mounted->site);
}

static int sync_send(struct cgw_call *call, const struct cgw_event *events, size_t n,
                     cgw_done_fn *done, void *arg)
{
    struct question question = {.mounted = mounted_of(call), .events = events, .n = n};
    (void)done;
    (void)arg;
    open_letters(question.mounted);
    int status = task_on_loop(do_send, &question);
    open_letters(question.mounted);
    return status;
}

static void sync_finish(struct cgw_call *call, int status)
{
    struct mounted *mounted = mounted_of(call);
    open_letters(mounted);
    mounted->is_finished = true;
    mounted->status = status;
}

/* The arena is whose turn it is: the loop is not in it while the thread runs. */
static void *sync_alloc(struct cgw_call *call, size_t bytes)
{
    return arena_alloc(&mounted_of(call)->req->arena, bytes);
}

static void sync_log(struct cgw_call *call, int level, const char *message, size_t len)
{
    const cgw_request *req = mounted_of(call)->req;
    req->host->log(req->call, level, message, len);
}

/* ---- tables ---- */

static int run_here(struct cgw_call *call, void (*fn)(void *arg), void *arg, cgw_done_fn *done,
                    void *done_arg)
{
    (void)call;
    (void)done;
    (void)done_arg;
    fn(arg);
    return CGW_OK;
}

static int never_notify(struct cgw_call *call, cgw_done_fn *fn, void *arg)
{
    (void)call;
    (void)fn;
    (void)arg;
    return CGW_EINVAL;
}

static int do_ask_gone(void *arg)
{
    const cgw_request *req = arg;
    const struct cgw_disconnect *table = req->application->disconnect;
    return req->is_disconnected || (table && table->is_disconnected(req->call));
}

static int is_gone(struct cgw_call *call)
{
    return task_on_loop(do_ask_gone, mounted_of(call)->req);
}

static int do_ask_draining(void *arg)
{
    const cgw_request *req = arg;
    return req->application->is_draining;
}

static int is_draining(struct cgw_call *call)
{
    return task_on_loop(do_ask_draining, mounted_of(call)->req);
}

static const void *table_of(const struct question *question)
{
    const struct cgw_host *host = question->mounted->req->host;
    return host->extension(host, question->text);
}

static int do_ask_wanted(void *arg)
{
    struct question *question = arg;
    const struct cgw_event_extension *table = table_of(question);
    return table && table->is_wanted(question->mounted->req->call);
}

static int is_wanted(struct cgw_call *call, const char *id)
{
    struct question question = {.mounted = mounted_of(call), .text = id};
    return task_on_loop(do_ask_wanted, &question);
}

static int wants_file(struct cgw_call *call)
{
    return is_wanted(call, CGW_EXT_FILE);
}

static int wants_trailers(struct cgw_call *call)
{
    return is_wanted(call, CGW_EXT_TRAILERS);
}

static int wants_informational(struct cgw_call *call)
{
    return is_wanted(call, CGW_EXT_INFORMATIONAL);
}

static int do_set_route(void *arg)
{
    const struct question *question = arg;
    const cgw_request *req = question->mounted->req;
    const struct cgw_route *table = req->application->route_table;
    return table ? table->set(req->call, question->text, question->n) : CGW_EINVAL;
}

static int set_route(struct cgw_call *call, const char *route, size_t len)
{
    struct question question = {.mounted = mounted_of(call), .n = len, .text = route};
    return task_on_loop(do_set_route, &question);
}

static int never_promoted(struct cgw_call *call)
{
    (void)call;
    return 0;
}

static const struct cgw_thread thread_table = {.size = sizeof(thread_table), .run = run_here};
static const struct cgw_disconnect disconnect_table = {
    .size = sizeof(disconnect_table), .is_disconnected = is_gone, .notify = never_notify};
static const struct cgw_shutdown shutdown_table = {
    .size = sizeof(shutdown_table), .is_draining = is_draining, .notify = never_notify};
static const struct cgw_event_extension file_table = {
    .size = sizeof(file_table), .event = CGW_HTTP_RESPONSE_FILE, .is_wanted = wants_file};
static const struct cgw_event_extension trailers_table = {.size = sizeof(trailers_table),
                                                          .event = CGW_HTTP_RESPONSE_TRAILERS,
                                                          .is_wanted = wants_trailers};
static const struct cgw_event_extension informational_table = {.size = sizeof(informational_table),
                                                               .event =
                                                                   CGW_HTTP_RESPONSE_INFORMATIONAL,
                                                               .is_wanted = wants_informational};
static const struct cgw_route route_table = {
    .size = sizeof(route_table), .set = set_route, .is_promoted = never_promoted};

static const void *find_table(const struct cgw_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
    } tables[] = {{CGW_EXT_THREAD, &thread_table},
                  {CGW_EXT_DISCONNECT, &disconnect_table},
                  {CGW_EXT_SHUTDOWN, &shutdown_table},
                  {CGW_EXT_FILE, &file_table},
                  {CGW_EXT_TRAILERS, &trailers_table},
                  {CGW_EXT_ROUTE, &route_table},
                  {CGW_EXT_INFORMATIONAL, &informational_table}};
    (void)host;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        if (strcmp(tables[i].id, id) == 0)
            return tables[i].table;
    return NULL;
}

static const struct cgw_host sync_host = {.size = sizeof(sync_host),
                                          .abi_major = CGW_ABI_MAJOR,
                                          .abi_minor = CGW_ABI_MINOR,
                                          .name = "cgw mount",
                                          .version = "1",
                                          .receive = sync_receive,
                                          .send = sync_send,
                                          .finish = sync_finish,
                                          .alloc = sync_alloc,
                                          .post = post,
                                          .log = sync_log,
                                          .extension = find_table};

/* ---- serve ---- */

static int run(void *arg)
{
    struct mounted *mounted = arg;
    mount_call(mounted->life, &mounted->call);
    return CGW_OK;
}

void mount_sync_serve(cgw_request *req, const struct mount_life *life,
                      const struct cgw_scope *scope)
{
    const char *name = life->mount->app->name;
    struct mounted mounted = {.call = {scope, &sync_host, NULL},
                              .life = life,
                              .req = req,
                              .site = {"", name ? name : "mounted application", 0}};
    mounted.last = &mounted.letters;
    pthread_mutex_init(&mounted.lock, NULL);
    int status = task_offload(req->task, run, &mounted, &mounted.site);
    if (status == CGW_OK) {
        status = mounted.is_finished ? mounted.status : CGW_EINVAL;
    } else {
        cgw_reply refused = cgw__error(req, status, &mounted.site); /* it did not run */
        (void)refused;
        status = reply_send(req);
    }
    for (struct letter *letter; (letter = take_letter(&mounted));)
        memory_free(letter);
    pthread_mutex_destroy(&mounted.lock);
    request_finish(req, status);
}
