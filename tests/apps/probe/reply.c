/* Gathering the events of a response. */
#include "probe.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *probe_alloc(struct probe *probe, size_t bytes)
{
    void *memory = probe->call->host->alloc(probe->call, bytes);
    if (!memory)
        probe_end(probe, CGW_ENOMEM);
    return memory;
}

struct cgw_str probe_str(const char *text)
{
    return (struct cgw_str){text, strlen(text)};
}

struct cgw_str probe_format(struct probe *probe, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = len < 0 ? NULL : probe_alloc(probe, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text ? (struct cgw_str){text, (size_t)len} : (struct cgw_str){"", 0};
}

void probe_reserve(struct probe *probe, size_t n)
{
    struct cgw_header *headers = probe_alloc(probe, (n + PROBE_HEADERS) * sizeof(*headers));
    if (!headers)
        return;
    probe->headers = headers;
    probe->max_headers = n + PROBE_HEADERS;
}

void probe_field(struct probe *probe, struct cgw_str name, struct cgw_str value)
{
    if (probe->n_headers < probe->max_headers)
        probe->headers[probe->n_headers++] = (struct cgw_header){name, value};
}

void probe_header(struct probe *probe, const char *name, struct cgw_str value)
{
    probe_field(probe, probe_str(name), value);
}

void probe_length(struct probe *probe, uint64_t bytes)
{
    probe_header(probe, "content-length", probe_format(probe, "%llu", (unsigned long long)bytes));
}

void probe_event(struct probe *probe, struct cgw_event event)
{
    if (probe->n_out < PROBE_EVENTS)
        probe->out[probe->n_out++] = event;
}

void probe_head(struct probe *probe, uint16_t type, unsigned status, uint16_t flags)
{
    size_t first = probe->first_header;
    struct cgw_event event =
        cgw_event_start((uint16_t)status, probe->headers + first, probe->n_headers - first);
    event.type = type;
    event.flags = flags;
    probe->first_header = probe->n_headers;
    probe_event(probe, event);
}

void probe_start(struct probe *probe, unsigned status)
{
    probe_head(probe, CGW_HTTP_RESPONSE_START, status, 0);
}

/* The part stands at the index of its event, and so lives as long. */
void probe_body(struct probe *probe, struct cgw_str data, uint16_t flags)
{
    if (probe->n_out == PROBE_EVENTS)
        return;
    struct cgw_str *part = &probe->parts[probe->n_out];
    *part = data;
    probe_event(probe, cgw_event_body(part, 1, flags));
}

void probe_reply_then(struct probe *probe, unsigned status, struct cgw_str body, probe_step *next)
{
    probe_header(probe, "content-type", probe_str("text/plain"));
    probe_length(probe, body.len);
    probe_start(probe, status);
    probe_body(probe, body, 0);
    probe_send(probe, next);
}

void probe_reply(struct probe *probe, unsigned status, struct cgw_str body)
{
    probe_reply_then(probe, status, body, probe_finish);
}

static char pattern[PROBE_BLOCK + 26];

static void fill_pattern(void)
{
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (char)('a' + i % 26);
}

const char *probe_pattern(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_pattern);
    return pattern;
}
