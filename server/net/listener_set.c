/* The sockets of the supervisor: inherited ones first, then what the settings name. */
#include "net/listener_set.h"
#include "base/mem.h"
#include "base/number.h"
#include "net/inherited.h"
#include "net/listener_parts.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* What this process was given, until both the set and the metrics have taken theirs. */
static struct inherited given;

static bool has_given(bool is_metrics)
{
    for (size_t i = 0; i < given.n; i++)
        if (given.items[i].fd >= 0 && given.items[i].is_metrics == is_metrics)
            return true;
    return false;
}

/* The next one of its kind. */
static int take_given(bool is_metrics, struct listener **ret_listener, char **ret_error)
{
    struct inherited_socket *item = given.items;
    while (item->fd < 0 || item->is_metrics != is_metrics)
        item++;
    int rc = listener_adopt(item->fd, "LISTEN_FDS", ret_listener, ret_error);
    if (rc < 0)
        return rc;
    item->fd = -1;
    if (item->has_file && (*ret_listener)->is_unix)
        listener_note_file(*ret_listener, false);
    return 0;
}

static int add_all_given(struct listener_set *set, char **ret_error)
{
    while (has_given(false)) {
        if (set->n == LISTENER_SET_MAX)
            return listener_fail(
                -E2BIG, ret_error,
                mem_printf("LISTEN_FDS has more sockets than can be served: %d", LISTENER_SET_MAX));
        int rc = take_given(false, &set->items[set->n], ret_error);
        if (rc < 0)
            return rc;
        set->n++;
    }
    return 0;
}

/* One socket for each worker makes sense where all are of that kind. */
static bool can_split(const struct settings *settings, const struct listener_set *set)
{
    bool can = settings->reuseport;
    for (size_t i = 0; i < set->n; i++)
        can = can && set->items[i]->is_reuseport;
    return can;
}

static int open_all(const struct settings *settings, uint32_t n_workers, struct listener_set *set,
                    char **ret_error)
{
    bool is_ordered = settings->fd < 0 || given.is_upgrade; /* then --fd named a number of old */
    int rc = is_ordered ? add_all_given(set, ret_error) : 0;
    if (rc == 0 && set->n == 0) {
        rc = listener_open(settings, &set->items[0], ret_error);
        set->n = rc == 0;
    }
    set->is_shared = rc == 0 && !can_split(settings, set);
    while (rc == 0 && !set->is_shared && set->n < n_workers)
        rc = listener_set_grow(settings, set, ret_error);
    return rc;
}

int listener_set_open(const struct settings *settings, uint32_t n_workers, struct listener_set *set,
                      char **ret_error)
{
    *set = (struct listener_set){.n = 0};
    int rc = inherited_read(&given, ret_error);
    if (rc == 0)
        rc = open_all(settings, n_workers, set, ret_error);
    if (rc < 0)
        listener_set_close(set);
    return rc;
}

int listener_set_grow(const struct settings *settings, struct listener_set *set, char **ret_error)
{
    *ret_error = NULL;
    if (set->is_shared)
        return 0;
    if (set->n == LISTENER_SET_MAX)
        return listener_fail(-E2BIG, ret_error,
                             mem_printf("--reuseport has sockets for %d workers at most: leave it "
                                        "away, or run fewer --workers",
                                        LISTENER_SET_MAX));
    int rc = listener_open_beside(set->items[0], settings->backlog, &set->items[set->n], ret_error);
    set->n += rc == 0;
    return rc;
}

void listener_own(struct listener *listener, bool is_ours)
{
    if (listener)
        listener->owns_file = is_ours && listener->made_file;
}

void listener_set_own(struct listener_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        listener_own(set->items[i], true);
}

void listener_set_disown(struct listener_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        listener_own(set->items[i], false);
}

static void close_one(struct listener *listener)
{
    if (listener)
        listener_unlink(listener); /* first: from now on the path is free for the next server */
    listener_free(listener);
}

void listener_set_close(struct listener_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        close_one(set->items[i]);
    set->n = 0;
}

int listener_open_endpoint(const struct settings *settings, const char *where, const char *option,
                           struct listener **ret_listener, char **ret_error)
{
    const char *colon = strrchr(where, ':');
    uint64_t port = 0;
    struct listener_place place = {
        .uds_mode = settings->uds_mode, .backlog = settings->backlog, .option = option};
    if (strncmp(where, "unix:", 5) == 0) {
        place.uds = where + 5;
        return listener_open_at(&place, ret_listener, ret_error);
    }
    if (!colon || number_decimal(str_from(colon + 1), UINT16_MAX, &port) < 0)
        return listener_fail(-EINVAL, ret_error,
                             mem_printf("%s takes HOST:PORT, and \"%s\" is none", option, where));
    bool is_bracketed = where[0] == '[' && colon[-1] == ']';
    int len = (int)(colon - where);
    char *host = mem_printf("%.*s", is_bracketed ? len - 2 : len, where + is_bracketed);
    place.host = host;
    place.port = (uint16_t)port;
    int rc = host ? listener_open_at(&place, ret_listener, ret_error) : -ENOMEM;
    mem_free(host);
    return rc;
}

int listener_open_metrics(const struct settings *settings, struct listener **ret_listener,
                          char **ret_error)
{
    *ret_error = NULL;
    if (has_given(true))
        return take_given(true, ret_listener, ret_error);
    if (settings->metrics && settings->metrics[0] != '/')
        return listener_open_endpoint(settings, settings->metrics, "--metrics", ret_listener,
                                      ret_error);
    *ret_listener = NULL;
    return 0;
}

void listener_close_endpoint(struct listener *listener)
{
    close_one(listener);
}
