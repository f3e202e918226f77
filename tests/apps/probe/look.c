/* Looking: what the host says about a call, about itself, and what was recorded. */
#include "probe.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that grows to a size known from its inputs: every byte may need four. */
struct page {
    char *text;
    size_t len, max;
};

static void put(struct page *page, const char *text)
{
    size_t len = strlen(text);
    if (page->max - page->len < len)
        return;
    memcpy(page->text + page->len, text, len);
    page->len += len;
}

static void put_escaped(struct page *page, struct cgw_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char text[5] = {bytes.ptr[i], 0};
        if (bytes.ptr[i] < 0x20 || bytes.ptr[i] > 0x7e || bytes.ptr[i] == '\\')
            snprintf(text, sizeof(text), "\\x%02x", (unsigned char)bytes.ptr[i]);
        put(page, text);
    }
}

static void put_line(struct page *page, const char *name, struct cgw_str value)
{
    put(page, name);
    put(page, ": ");
    put_escaped(page, value);
    put(page, "\n");
}

__attribute__((format(printf, 2, 3))) static void put_number(struct page *page, const char *format,
                                                             ...)
{
    char text[40];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put(page, text);
}

static void put_peer(struct page *page, const char *name, struct cgw_str address, uint16_t port)
{
    put(page, name);
    put(page, ": ");
    put_escaped(page, address);
    if (address.len && port)
        put_number(page, " %u", port);
    put(page, "\n");
}

static void put_headers(struct page *page, const struct cgw_scope *scope)
{
    for (size_t i = 0; i < scope->n_headers; i++) {
        put(page, "header: ");
        put_escaped(page, scope->headers[i].name);
        put(page, "=");
        put_escaped(page, scope->headers[i].value);
        put(page, "\n");
    }
}

static size_t page_size(const struct cgw_scope *scope)
{
    size_t bytes = scope->method.len + scope->path.len + scope->raw_path.len + scope->query.len +
                   scope->root_path.len + scope->client.len + scope->server.len;
    for (size_t i = 0; i < scope->n_headers; i++)
        bytes += scope->headers[i].name.len + scope->headers[i].value.len + 10;
    return bytes * 4 + 1024;
}

static const char *type_name(const struct cgw_scope *scope)
{
    return scope->type == CGW_SCOPE_HTTP ? "http" : "websocket";
}

static void scope(struct probe *probe)
{
    const struct cgw_scope *scope = probe->call->scope;
    struct page page = {.max = page_size(scope)};
    page.text = probe_alloc(probe, page.max);
    if (!page.text)
        return;
    put_line(&page, "type", probe_str(type_name(scope)));
    put_number(&page, "http: %u", scope->http_major);
    put_number(&page, ".%u\n", scope->http_minor);
    put_line(&page, "asgi", scope->asgi_version);
    put_line(&page, "spec", scope->spec_version);
    put_line(&page, "scheme", scope->scheme);
    put_line(&page, "method", scope->method);
    put_line(&page, "path", scope->path);
    put_line(&page, "raw_path", scope->raw_path);
    put_line(&page, "query", scope->query);
    put_line(&page, "root_path", scope->root_path);
    put_peer(&page, "client", scope->client, scope->client_port);
    put_peer(&page, "server", scope->server, scope->server_port);
    bool is_ours = scope->state == (const void *)lifespan_state;
    put_line(&page, "state", probe_str(is_ours ? "probe" : "none"));
    put_number(&page, "subprotocols: %u\n", (unsigned)scope->n_subprotocols);
    put_headers(&page, scope);
    probe_reply(probe, 200, (struct cgw_str){page.text, page.len});
}

static void last(struct probe *probe)
{
    probe_reply(probe, 200, record_lines(probe, probe_text(probe, "id")));
}

static void clear(struct probe *probe)
{
    record_clear();
    probe_reply(probe, 200, probe_str("cleared\n"));
}

static void counter(struct probe *probe)
{
    static unsigned long long count;
    unsigned long long n = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    probe_reply(probe, 200, probe_format(probe, "%llu\n", n));
}

static void extension(struct probe *probe)
{
    const struct cgw_host *host = probe->call->host;
    struct cgw_str id =
        probe_format(probe, "%.*s", (int)probe_text(probe, "id").len, probe_text(probe, "id").ptr);
    const uint32_t *size = host->extension(host, id.ptr);
    probe_reply(probe, 200, size ? probe_format(probe, "yes %u\n", *size) : probe_str("no\n"));
}

static void is_draining(struct probe *probe)
{
    const struct cgw_host *host = probe->call->host;
    const struct cgw_shutdown *table = host->extension(host, CGW_EXT_SHUTDOWN);
    int is = table ? table->is_draining(probe->call) : 0;
    probe_reply(probe, 200, table ? probe_format(probe, "%d\n", is) : probe_str("none\n"));
}

static void is_disconnected(struct probe *probe)
{
    const struct cgw_host *host = probe->call->host;
    const struct cgw_disconnect *table = host->extension(host, CGW_EXT_DISCONNECT);
    int is = table ? table->is_disconnected(probe->call) : 0;
    probe_reply(probe, 200, table ? probe_format(probe, "%d\n", is) : probe_str("none\n"));
}

const struct probe_path look_paths[] = {
    {"scope", scope},
    {"last", last},
    {"clear", clear},
    {"counter", counter},
    {"extension", extension},
    {"is-draining", is_draining},
    {"is-disconnected", is_disconnected},
    {NULL, NULL},
};
