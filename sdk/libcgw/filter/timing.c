/*
 * How long a request took, from here to the head of its reply, in a field of that. The loop's clock
 * stands while a handler runs: this is about what that takes.
 */
#include "filter/filter.h"
#include <cgw/middleware.h>
#include <time.h>

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int begin(struct filter_call *call, struct filter_answer *answer)
{
    uint64_t *begun_us = call->state;
    (void)answer;
    *begun_us = now_us();
    return FILTER_PASS;
}

static struct cgw_str text_of(struct filter_call *call, uint64_t us)
{
    const struct cgw_timing *options = call->options;
    unsigned long long whole = us;
    if (options->header)
        return filter_printf(call, "%llu.%06llu", whole / 1000000, whole % 1000000);
    return filter_printf(call, "%s;dur=%llu.%03llu", options->metric ? options->metric : "app",
                         whole / 1000, whole % 1000);
}

static int edit(struct filter_call *call, struct filter_head *head)
{
    const struct cgw_timing *options = call->options;
    const uint64_t *begun_us = call->state;
    struct cgw_str text = text_of(call, now_us() - *begun_us);
    if (!text.ptr)
        return CGW_ENOMEM;
    if (options->header)
        filter_head_set(head, options->header, text);
    else
        filter_head_add(head, "server-timing", text); /* there may be others' */
    return CGW_OK;
}

static int send(struct filter_call *call, const struct cgw_event *events, size_t n,
                struct filter_out *out)
{
    (void)n;
    return filter_edit_start(call, events, 1, edit, out);
}

const struct cgw__filter cgw__timing = {
    .name = "timing", .state_bytes = sizeof(uint64_t), .begin = begin, .send = send};
