/* A response is lent to the host until it is sent, so it lies in the call's memory. */
#include "proc/dev/answer.h"
#include "base/str.h"
#include <stdio.h>

enum { FIELDS = 8, OWN_FIELDS = 2 };

struct answer {
    struct cgw_header fields[FIELDS + OWN_FIELDS];
    struct cgw_event events[2];
    struct cgw_str body;
    char length[24];
};

static void sent(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

void answer_send(struct cgw_call *call, uint16_t status, const struct cgw_header *fields, size_t n,
                 struct cgw_str body)
{
    struct answer *answer = call->host->alloc(call, sizeof *answer);
    if (!answer) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    if (n > FIELDS)
        n = FIELDS;
    for (size_t i = 0; i < n; i++)
        answer->fields[i] = fields[i];
    int digits = snprintf(answer->length, sizeof answer->length, "%zu", body.len);
    answer->fields[n++] =
        (struct cgw_header){CGW_STR("content-length"), {answer->length, (size_t)digits}};
    answer->fields[n++] = (struct cgw_header)CGW_HEADER("cache-control", "no-store");
    answer->body = body;
    answer->events[0] = cgw_event_start(status, answer->fields, n);
    answer->events[1] = cgw_event_body(&answer->body, 1, 0);
    int rc = call->host->send(call, answer->events, 2, sent, NULL);
    if (rc != CGW_PENDING)
        call->host->finish(call, rc);
}

static bool is_method(const struct cgw_call *call, struct str method)
{
    return str_is((struct str){call->scope->method.ptr, call->scope->method.len}, method);
}

int answer_is_get(struct cgw_call *call)
{
    static const struct cgw_header allow[] = {CGW_HEADER("allow", "GET, HEAD")};
    if (is_method(call, STR("GET")) || is_method(call, STR("HEAD")))
        return 1;
    answer_send(call, 405, allow, 1, (struct cgw_str)CGW_STR(""));
    return 0;
}
