/*
 * Filters as applications around others: what modules of cgw-serve --wrap are made of. The
 * function call() of an application knows nothing but the call, so each of these has one of its
 * own, which knows its place in a table.
 */
#include "base/memory.h"
#include "filter/wrap.h"
#include <cgw/wrap.h>
#include <string.h>

enum { PLACES = 8 };

static struct place {
    struct cgw_app outer;
    struct wrap wrap; /* filter NULL: free */
} places[PLACES];

#define CALL(n)                                 \
    static void call_##n(struct cgw_call *call) \
    {                                           \
        wrap_call(&places[n].wrap, call);       \
    }
CALL(0)
CALL(1)
CALL(2)
CALL(3)
CALL(4)
CALL(5)
CALL(6)
CALL(7)
static void (*const calls[PLACES])(struct cgw_call *call) = {call_0, call_1, call_2, call_3,
                                                             call_4, call_5, call_6, call_7};

static size_t find_free(void)
{
    size_t i = 0;
    while (i < PLACES && places[i].wrap.filter)
        i++;
    return i;
}

const struct cgw_app *cgw__wrap_app(const struct cgw_app *inner, const struct cgw__filter *filter,
                                    const void *options, const char **ret_error)
{
    size_t i = find_free();
    size_t bytes = filter->worker_bytes ? filter->worker_bytes(options) : 0;
    void *worker = bytes && i < PLACES ? memory_zalloc(bytes) : NULL;
    if (i == PLACES || (bytes && !worker)) {
        *ret_error =
            i == PLACES ? "a module stands around eight applications at most" : "out of memory";
        return NULL;
    }
    struct place *place = &places[i];
    size_t size = inner->size < sizeof(place->outer) ? inner->size : sizeof(place->outer);
    memset(&place->outer, 0, sizeof(place->outer));
    memcpy(&place->outer, inner, size);
    place->outer.size = sizeof(place->outer);
    place->outer.call = calls[i];
    place->wrap =
        (struct wrap){.filter = filter, .options = options, .worker = worker, .inner = inner};
    return &place->outer;
}

void cgw_wrap_free(const struct cgw_app *outer)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &places[i];
        if (&place->outer != outer || !place->wrap.filter)
            continue;
        memory_free(place->wrap.worker);
        place->wrap.filter = NULL;
    }
}
