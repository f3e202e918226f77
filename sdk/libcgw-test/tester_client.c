/* Runs of one request or many, each with its redirects, until all are answered and finished. */
#include "tester_client.h"
#include "tester_call.h"
#include "tester_clock.h"
#include "tester_cookies.h"
#include "tester_fail.h"
#include "tester_loop.h"
#include "tester_memory.h"
#include "tester_open.h"
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* ---- redirects ---- */

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* 303 is for GET, and so are the older two where the request has a body to lose. */
static bool turns_into_get(int status, const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return false;
    return status == 303 || ((status == 301 || status == 302) && strcmp(method, "POST") == 0);
}

/* The fields without those of the body, and for another host without what it is not to know. */
static const struct cgw_test_field *fewer_fields(cgw_test *test, const struct cgw_test_field *old,
                                                 bool is_bare, bool is_elsewhere)
{
    static const char *const of_body[] = {"content-type", "content-length"};
    static const char *const of_host[] = {"host", "authorization", "cookie"};
    size_t n = 0, kept = 0;
    while (old && old[n].name)
        n++;
    struct cgw_test_field *fields = tester_memory_alloc(test, (n + 1) * sizeof *fields);
    for (size_t i = 0; i < n; i++) {
        bool drop = false;
        for (size_t k = 0; k < 2; k++)
            drop |= is_bare && strcasecmp(old[i].name, of_body[k]) == 0;
        for (size_t k = 0; k < 3; k++)
            drop |= is_elsewhere && strcasecmp(old[i].name, of_host[k]) == 0;
        if (!drop)
            fields[kept++] = old[i];
    }
    return fields;
}

static void redirect(struct tester_call *call, const struct tester_url *from, const char *location)
{
    cgw_test *test = call->test;
    struct tester_exchange *exchange = call->exchange;
    struct cgw_test_request *request = &exchange->request;
    struct tester_url to = tester_url_resolve(test, from, location);
    const char *method = request->method ? request->method : "GET";
    bool is_bare = turns_into_get(call->answer.status, method);
    if (++exchange->n_redirects > TESTER_REDIRECTS)
        tester_fail(test, call, "redirects more than %d times, now to %s", TESTER_REDIRECTS,
                    location);
    request->target = tester_url_text(test, &to);
    request->fields =
        fewer_fields(test, request->fields, is_bare, strcmp(to.host, from->host) != 0);
    if (is_bare) {
        request->method = "GET";
        request->json = request->form = request->body = request->content_type = NULL;
        request->parts = NULL;
    }
    tester_request_begin(test, exchange);
}

/* ---- the end of a call ---- */

static void take_cookies(struct tester_call *call, const struct tester_url *url)
{
    const cgw_answer *answer = &call->answer;
    for (size_t i = 0; i < answer->n_fields && !call->exchange->request.no_cookies; i++)
        if (strcmp(answer->fields[i].name, "set-cookie") == 0)
            tester_cookies_take(call->test, url, answer->fields[i].value);
}

static void check_raise(struct tester_call *call)
{
    cgw_test *test = call->test;
    pthread_mutex_lock(&test->log_lock);
    const char *line = test->last_error;
    pthread_mutex_unlock(&test->log_lock);
    if (test->options.raise && call->answer.status == 500)
        tester_fail(test, call, "was answered with 500: %s", line ? line : call->answer.text);
}

void tester_client_ended(struct tester_call *call)
{
    struct tester_exchange *exchange = call->exchange;
    struct tester_url url = tester_request_url(call->test, &exchange->request);
    const char *location = cgw_answer_header(&call->answer, "location");
    take_cookies(call, &url);
    check_raise(call);
    if (call->test->options.follow && is_redirect(call->answer.status) && location &&
        call->answer.is_complete) {
        redirect(call, &url, location);
        return;
    }
    *exchange->answer = call->answer;
    --*exchange->n_left;
}

/* ---- runs ---- */

static bool none_left(void *arg)
{
    return *(const size_t *)arg == 0;
}

static void tell_task(void *arg, const struct cgw_task *task)
{
    (void)arg;
    fprintf(stderr, "cgw-test:   %s%s%s is %s", task->name, task->route ? " of " : "",
            task->route ? task->route : "", task->state ? task->state : "ready");
    if (task->file)
        fprintf(stderr, " at %s:%u", task->file, task->line);
    fprintf(stderr, "\n");
}

/* Which request it is that does not end, and what it waits for, where the application can say so.
 */
static _Noreturn void complain(cgw_test *test, enum tester_end end)
{
    const struct cgw_tasks *tasks =
        test->app->extension ? test->app->extension(CGW_EXT_TASKS) : NULL;
    struct tester_call *call = NULL;
    list_each (node, &test->calls) {
        struct tester_call *other = list_owner(node, struct tester_call, node);
        if (!call && other->scope.type == CGW_SCOPE_HTTP)
            call = other;
    }
    if (tasks && test->state) {
        fprintf(stderr, "cgw-test: tasks that are left:\n");
        tasks->each(test->state, tell_task, NULL);
    }
    if (end == TESTER_TIME)
        tester_fail(test, call, "has not ended after %g virtual seconds", test->options.budget);
    tester_fail(test, call, "never ends: it waits for what cannot come (%s)",
                call ? tester_response_state(call->order) : "no call");
}

static void run(cgw_test *test, struct tester_exchange *exchanges, size_t n)
{
    size_t left = n;
    tester_enter(test);
    for (size_t i = 0; i < n; i++) {
        exchanges[i].n_left = &left;
        exchanges[i].began_us = test->now_us;
        tester_request_begin(test, &exchanges[i]);
    }
    uint64_t limit = test->now_us + tester_clock_us(test->options.budget);
    enum tester_end end = tester_loop_run(test, none_left, &left, limit, TESTER_FOR_END);
    if (end != TESTER_OVER)
        complain(test, end);
}

cgw_answer cgw__test_request(cgw_test *test, struct cgw_test_request request)
{
    cgw_answer answer;
    cgw_test_together(test, &request, 1, &answer);
    return answer;
}

void cgw_test_together(cgw_test *test, const struct cgw_test_request *requests, size_t n,
                       cgw_answer *ret_answers)
{
    struct tester_exchange *exchanges = tester_memory_alloc(test, (n + 1) * sizeof *exchanges);
    for (size_t i = 0; i < n; i++)
        exchanges[i] = (struct tester_exchange){.request = requests[i], .answer = &ret_answers[i]};
    run(test, exchanges, n);
}

void cgw_test_crowd(cgw_test *test, struct cgw_test_request request, size_t n,
                    cgw_answer *ret_answers)
{
    struct tester_exchange *exchanges = tester_memory_alloc(test, (n + 1) * sizeof *exchanges);
    for (size_t i = 0; i < n; i++)
        exchanges[i] = (struct tester_exchange){.request = request, .answer = &ret_answers[i]};
    run(test, exchanges, n);
}

const char *cgw_answer_header(const cgw_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->n_fields; i++)
        if (strcasecmp(answer->fields[i].name, name) == 0)
            return answer->fields[i].value;
    return NULL;
}
