/* One walk over all that events point to, for fingerprints and for places. */
#include "validate/lent.h"
#include "validate/memory.h"

enum { EVENTS, ARRAYS, BYTES };

struct walk {
    uint64_t prints[LENT_PRINTS];
    const char *low, *high;
    int found; /* which kind lies between low and high, or -1 */
    bool reads;
};

/* FNV-1a, 64 bits. */
static uint64_t mix(uint64_t print, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        print = (print ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    return print;
}

static void visit(struct walk *walk, int kind, const void *p, size_t len)
{
    if (len == 0)
        return;
    if (walk->found < 0 && (const char *)p >= walk->low && (const char *)p < walk->high)
        walk->found = kind;
    if (walk->reads)
        walk->prints[kind] = mix(walk->prints[kind], p, len);
}

static void visit_fields(struct walk *walk, const struct cgw_header *fields, size_t n)
{
    visit(walk, ARRAYS, fields, n * sizeof *fields);
    for (size_t i = 0; i < n && walk->found < 0; i++) {
        visit(walk, BYTES, fields[i].name.ptr, fields[i].name.len);
        visit(walk, BYTES, fields[i].value.ptr, fields[i].value.len);
    }
}

static void visit_parts(struct walk *walk, const struct cgw_str *parts, size_t n)
{
    visit(walk, ARRAYS, parts, n * sizeof *parts);
    for (size_t i = 0; i < n && walk->found < 0; i++)
        visit(walk, BYTES, parts[i].ptr, parts[i].len);
}

static void visit_event(struct walk *walk, const struct cgw_event *event)
{
    switch (event->type) {
    case CGW_HTTP_RESPONSE_START:
    case CGW_HTTP_RESPONSE_TRAILERS:
    case CGW_HTTP_RESPONSE_INFORMATIONAL:
    case CGW_WS_ACCEPT:
        visit_fields(walk, event->u.start.headers, event->u.start.n_headers);
        break;
    case CGW_HTTP_RESPONSE_BODY:
    case CGW_WS_SEND:
        visit_parts(walk, event->u.bodyv.parts, event->u.bodyv.n_parts);
        break;
    case CGW_HTTP_RESPONSE_FILE:
        visit(walk, BYTES, event->u.file.path.ptr, event->u.file.path.len);
        break;
    case CGW_WS_CLOSE:
        visit(walk, BYTES, event->u.close.reason.ptr, event->u.close.reason.len);
        break;
    default:
        visit(walk, BYTES, event->u.lifespan.message.ptr, event->u.lifespan.message.len);
    }
}

static void visit_all(struct walk *walk, const struct cgw_event *events, size_t n)
{
    memory_probing("what a pending send() was lent");
    visit(walk, EVENTS, events, n * sizeof *events);
    for (size_t i = 0; i < n && walk->found < 0; i++)
        visit_event(walk, &events[i]);
    memory_probing(NULL);
}

void lent_print(const struct cgw_event *events, size_t n, uint64_t ret_prints[LENT_PRINTS])
{
    struct walk walk = {.prints = {1, 1, 1}, .found = -1, .reads = true};
    visit_all(&walk, events, n);
    for (int i = 0; i < LENT_PRINTS; i++)
        ret_prints[i] = walk.prints[i];
}

static const char *const names[] = {"the events", "fields or parts", "bytes"};

bool lent_events_changed(const struct cgw_event *events, size_t n,
                         const uint64_t before[LENT_PRINTS])
{
    memory_probing("what a pending send() was lent");
    bool has_changed = mix(1, events, n * sizeof *events) != before[EVENTS];
    memory_probing(NULL);
    return has_changed;
}

const char *lent_changed(const struct cgw_event *events, size_t n,
                         const uint64_t before[LENT_PRINTS])
{
    uint64_t now[LENT_PRINTS];
    if (lent_events_changed(events, n, before))
        return names[EVENTS];
    lent_print(events, n, now);
    for (int i = 0; i < LENT_PRINTS; i++)
        if (before[i] != now[i])
            return names[i];
    return NULL;
}

const char *lent_between(const struct cgw_event *events, size_t n, const void *low,
                         const void *high)
{
    struct walk walk = {.low = low, .high = high, .found = -1};
    visit_all(&walk, events, n);
    return walk.found < 0 ? NULL : names[walk.found];
}
