/*
 * An id of each request, which goes with it through all that it meets: taken from the client's, or
 * from the proxy's, field where that is sane, else made of random bytes, which are drawn for some
 * requests at once.
 */
#include "filter/filter.h"
#include <cgw/middleware.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

enum { ID_BYTES = 16, DRAWN = 32, ID_MAX = 128 };

struct request_id_worker {
    pthread_mutex_t lock; /* zeroes are one */
    size_t n_left;
    unsigned char drawn[DRAWN * ID_BYTES];
};

static size_t worker_bytes(const void *options)
{
    (void)options;
    return sizeof(struct request_id_worker);
}

static const char *header_of(const struct filter_call *call)
{
    const struct cgw_request_id *options = call->options;
    return options->header ? options->header : "x-request-id";
}

static bool is_sane(struct cgw_str id)
{
    if (!id.len || id.len > ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && (!c || !strchr("-._~+/=:@", c)))
            return false;
    }
    return true;
}

static bool draw(struct request_id_worker *worker, unsigned char to[ID_BYTES])
{
    bool is_drawn = true;
    pthread_mutex_lock(&worker->lock);
    if (!worker->n_left) {
        is_drawn =
            getrandom(worker->drawn, sizeof(worker->drawn), 0) == (ssize_t)sizeof(worker->drawn);
        worker->n_left = is_drawn ? DRAWN : 0;
    }
    if (is_drawn)
        memcpy(to, worker->drawn + --worker->n_left * ID_BYTES, ID_BYTES);
    pthread_mutex_unlock(&worker->lock);
    return is_drawn;
}

static struct cgw_str make(struct filter_call *call)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[ID_BYTES];
    char text[2 * ID_BYTES];
    if (!draw(call->worker, random))
        return (struct cgw_str){NULL, 0};
    for (size_t i = 0; i < ID_BYTES; i++) {
        text[2 * i] = digits[random[i] >> 4];
        text[2 * i + 1] = digits[random[i] & 15];
    }
    return filter_copy(call, text, sizeof(text));
}

/* Is that of the client all that there is of that name? */
static bool is_alone(const struct filter_call *call, const char *header)
{
    size_t n = 0;
    for (size_t i = 0; i < call->scope->n_headers; i++)
        n += filter_is(call->scope->headers[i].name, header);
    return n == 1;
}

static int begin(struct filter_call *call, struct filter_answer *answer)
{
    const struct cgw_request_id *options = call->options;
    const char *header = header_of(call);
    struct cgw_str *id = call->state;
    struct cgw_str said = filter_request_field(call, header);
    (void)answer;
    bool is_taken = !options->ignore && said.ptr && is_sane(said);
    *id = is_taken ? filter_copy(call, said.ptr, said.len) : make(call);
    bool is_there = is_taken && is_alone(call, header);
    if (!id->ptr || (!is_there && filter_request_set(call, header, *id) != CGW_OK))
        return CGW_ENOMEM;
    call->driver->tell(call, "request_id", id->ptr);
    return FILTER_PASS;
}

static int edit(struct filter_call *call, struct filter_head *head)
{
    filter_head_set(head, header_of(call), *(const struct cgw_str *)call->state);
    return CGW_OK;
}

static int send(struct filter_call *call, const struct cgw_event *events, size_t n,
                struct filter_out *out)
{
    (void)n;
    return filter_edit_start(call, events, 1, edit, out);
}

const struct cgw__filter cgw__request_id = {.name = "request id",
                                            .state_bytes = sizeof(struct cgw_str),
                                            .worker_bytes = worker_bytes,
                                            .begin = begin,
                                            .send = send};
