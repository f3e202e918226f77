/* A request as the scope of a call, its body as it arrives, and when its client leaves. */
#include "tester_call.h"
#include "tester_client.h"
#include "tester_clock.h"
#include "tester_cookies.h"
#include "tester_fail.h"
#include "tester_form.h"
#include "tester_loop.h"
#include "tester_memory.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static struct cgw_str as_str(const char *text)
{
    return (struct cgw_str){text ? text : "", text ? strlen(text) : 0};
}

/* ---- the head ---- */

static const char *given_field(const struct cgw_test_request *request, const char *name)
{
    for (const struct cgw_test_field *field = request->fields; field && field->name; field++)
        if (strcasecmp(field->name, name) == 0)
            return field->value;
    return NULL;
}

struct tester_url tester_request_url(cgw_test *test, const struct cgw_test_request *request)
{
    const char *host = given_field(request, "host");
    struct tester_url base = {test->options.https, host ? host : TESTER_HOST, "/"};
    return tester_url_resolve(test, &base, request->target ? request->target : "/");
}

struct head {
    cgw_test *test;
    const struct cgw_test_request *request;
    struct cgw_header *fields;
    size_t n;
};

static char *lower(cgw_test *test, const char *name)
{
    char *copy = tester_memory_copy(test, name, strlen(name));
    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static void add(struct head *head, const char *name, const char *value)
{
    head->fields[head->n++] = (struct cgw_header){as_str(lower(head->test, name)), as_str(value)};
}

/* Unless the test has said otherwise. */
static void add_own(struct head *head, const char *name, const char *value)
{
    if (value && !given_field(head->request, name))
        add(head, name, value);
}

static const char *content_type(const struct cgw_test_request *request)
{
    return request->content_type ? request->content_type
           : request->json       ? "application/json"
           : request->form       ? "application/x-www-form-urlencoded"
           : request->parts      ? TESTER_FORM_TYPE
                                 : NULL;
}

static void fill_fields(struct tester_call *call, const struct cgw_test_request *request,
                        const struct tester_url *url)
{
    cgw_test *test = call->test;
    size_t n = 0;
    while (request->fields && request->fields[n].name)
        n++;
    struct head head = {test, request, NULL, 0};
    head.fields = tester_memory_alloc(test, (n + 8) * sizeof *head.fields);
    if (given_field(request, "host") == NULL ||
        strcmp(given_field(request, "host"), url->host) != 0)
        add(&head, "host", url->host);
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(request->fields[i].name, "host") != 0 ||
            strcmp(request->fields[i].value, url->host) == 0)
            add(&head, request->fields[i].name, request->fields[i].value);
    add_own(&head, "accept", "*/*");
    add_own(&head, "user-agent", "cgw-test");
    add_own(&head, "content-type", content_type(request));
    if (call->body)
        add_own(&head, "content-length", tester_memory_printf(test, "%zu", call->body_len));
    if (!request->no_cookies)
        add_own(&head, "cookie", tester_cookies_for(test, url));
    call->scope.headers = head.fields;
    call->scope.n_headers = head.n;
}

static void fill_paths(struct tester_call *call, const char *target)
{
    cgw_test *test = call->test;
    const char *root = test->options.root_path ? test->options.root_path : "";
    size_t n = strcspn(target, "?");
    char *raw = tester_memory_printf(test, "%s%.*s", root, (int)n, target), *path;
    size_t len;
    if (!tester_url_decode(test, raw, strlen(raw), &path, &len))
        tester_fail(test, call, "the target is not UTF-8, and would be answered with 400");
    call->scope.raw_path = as_str(raw);
    call->scope.path = (struct cgw_str){path, len};
    call->scope.query =
        as_str(target[n] ? tester_memory_copy(test, target + n + 1, strlen(target + n + 1)) : "");
    call->scope.root_path = as_str(root);
}

static void fill_scope(struct tester_call *call, const char *method, const struct tester_url *url)
{
    cgw_test *test = call->test;
    struct cgw_scope *scope = &call->scope;
    scope->http_major = scope->http_minor = 1;
    scope->asgi_version = as_str("3.0");
    scope->spec_version = as_str("2.5");
    scope->scheme = as_str(url->is_https ? "https" : "http");
    scope->method = as_str(tester_memory_copy(test, method, strlen(method)));
    scope->client = as_str(test->options.client ? test->options.client : "127.0.0.1");
    scope->client_port = 50000;
    scope->server = as_str(TESTER_HOST);
    scope->server_port = url->is_https ? 443 : 80;
    scope->state = test->state;
    fill_paths(call, url->target);
}

/* ---- the body ---- */

static struct cgw_str body_of(cgw_test *test, const struct cgw_test_request *request)
{
    const char *text = request->json   ? request->json
                       : request->form ? request->form
                                       : request->body;
    if (!text && request->parts)
        return tester_form_body(test, request->parts);
    if (text && text == request->body && request->body_len)
        return (struct cgw_str){text, request->body_len};
    return text ? as_str(text) : (struct cgw_str){NULL, 0};
}

static void fill_body(struct tester_call *call, const struct cgw_test_request *request)
{
    struct cgw_str body = body_of(call->test, request);
    call->body = body.ptr;
    call->body_len = body.len;
    call->chunk = request->chunk;
    call->chunk_pause_us = tester_clock_us(request->chunk_pause);
    call->leave_after_bytes = request->leave_after_bytes;
}

/* One more piece is here, and the next on its way. */
static void run_arrive(struct tester_item *item)
{
    struct tester_call *call = item->call;
    size_t left = call->body_len - call->body_here;
    call->body_here += call->chunk < left ? call->chunk : left;
    if (call->body_here < call->body_len)
        tester_clock_set(call, &call->arrive, call->chunk_pause_us, run_arrive);
    tester_call_wake(call);
}

static void run_leave(struct tester_item *item)
{
    tester_call_gone(item->call);
}

static void run_begin(struct tester_item *item)
{
    struct tester_call *call = item->call;
    const struct cgw_test_request *request = &call->exchange->request;
    if (!call->exchange->n_redirects)
        call->exchange->began_us = call->test->now_us;
    call->answer.began = ++call->test->count;
    if (!call->chunk || !call->chunk_pause_us)
        call->body_here = call->body_len;
    else
        run_arrive(&call->arrive.item);
    if (request->leave_after > 0)
        tester_clock_set(call, &call->leave, tester_clock_us(request->leave_after), run_leave);
    call->scope.state = call->test->state;
    tester_call_begin(call);
}

struct tester_call *tester_request_begin(cgw_test *test, struct tester_exchange *exchange)
{
    const struct cgw_test_request *request = &exchange->request;
    struct tester_url url = tester_request_url(test, request);
    const char *method = request->method ? request->method : "GET";
    const char *name = tester_memory_printf(test, "%s %s", method, url.target);
    struct tester_call *call = tester_call_new(test, CGW_SCOPE_HTTP, name);
    call->exchange = exchange;
    call->is_head_request = strcmp(method, "HEAD") == 0;
    call->answer.url = exchange->url = tester_url_text(test, &url);
    fill_body(call, request);
    fill_scope(call, method, &url);
    fill_fields(call, request, &url);
    call->arrive.item.call = call;
    tester_clock_set(call, &call->begin,
                     exchange->n_redirects ? 0 : tester_clock_us(request->start_after), run_begin);
    return call;
}
