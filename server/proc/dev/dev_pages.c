/*
 * Who gets what. Only a browser that goes to a page is shown the error page; whatever a page or a
 * program asks for goes on to the last good build.
 */
#include "proc/dev/dev_pages.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/dev/answer.h"
#include "proc/dev/diagnostic.h"
#include "proc/dev/error_page.h"
#include "proc/dev/live.h"
#include "proc/dev/reload_script.h"
#include "proc/dev/reload_stream.h"

#define BUILT_IN(...)                                                               \
    {                                                                               \
        .magic = CGW_MAGIC, .abi_major = CGW_ABI_MAJOR, .abi_minor = CGW_ABI_MINOR, \
        .size = sizeof(struct cgw_app), __VA_ARGS__,                                \
    }

/* As long as the process. */
static struct {
    struct str script; /* path, the prefix of a proxy in front */
    char *tail;
} dev;

static const struct cgw_str *find_field(const struct cgw_scope *scope, struct str name)
{
    for (size_t i = 0; i < scope->n_headers; i++) {
        struct cgw_str found = scope->headers[i].name;
        if (str_is((struct str){found.ptr, found.len}, name))
            return &scope->headers[i].value;
    }
    return NULL;
}

static bool has_element(const struct cgw_str *value, struct str wanted)
{
    struct str list = {value->ptr, value->len}, element;
    while (str_next_element(&list, &element)) {
        const char *end = element.len ? memchr(element.ptr, ';', element.len) : NULL;
        if (end) /* behind it are parameters */
            element.len = (size_t)(end - element.ptr);
        if (str_is_nocase(str_trim(element), wanted))
            return true;
    }
    return false;
}

/* Does a person wait for a page to look at? Browsers of today say so; of older ones it is guessed
   from the types they take. */
static bool is_for_a_page(const struct cgw_scope *scope)
{
    struct str method = {scope->method.ptr, scope->method.len};
    if (!str_is(method, STR("GET")) && !str_is(method, STR("HEAD")))
        return false;
    const struct cgw_str *mode = find_field(scope, STR("sec-fetch-mode"));
    if (mode)
        return str_is_nocase((struct str){mode->ptr, mode->len}, STR("navigate"));
    const struct cgw_str *accept = find_field(scope, STR("accept"));
    return accept && has_element(accept, STR("text/html"));
}

/* The title and the text of the board, or of none, in the call's memory. false: out of memory. */
static bool read_board(struct cgw_call *call, struct error_page *page)
{
    char *title = call->host->alloc(call, LIVE_TITLE_BYTES);
    char *text = call->host->alloc(call, BOARD_DEV_BYTES + 1);
    char *live = call->host->alloc(call, LIVE_ID_BYTES);
    if (!title || !text || !live)
        return false;
    size_t len = live_read(title, text, BOARD_DEV_BYTES + 1, live);
    page->title = len ? str_from(title) : STR("There is no build yet");
    page->text = (struct str){text, diagnostic_strip(text, len)};
    page->live = str_from(live);
    return true;
}

static void call_error(struct cgw_call *call)
{
    static const struct cgw_header fields[] = {
        CGW_HEADER("content-type", "text/html; charset=utf-8"),
        CGW_HEADER("content-security-policy",
                   "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; "
                   "connect-src 'self'; base-uri 'none'; form-action 'none'"),
    };
    struct error_page page = {.script = dev.script};
    char *html = NULL;
    size_t len = 0;
    bool is_served = call_of(call)->runtime->app != &dev_no_app;
    page.others = is_served ? STR("Meanwhile the last good build answers all other requests.")
                            : STR("There was no good build yet: other requests are answered 503.");
    if (read_board(call, &page)) {
        len = error_page_write(&page, NULL);
        html = call->host->alloc(call, len);
    }
    if (!html) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    error_page_write(&page, html);
    answer_send(call, 500, fields, sizeof fields / sizeof *fields, (struct cgw_str){html, len});
}

static void call_no_app(struct cgw_call *call)
{
    static const struct cgw_header fields[] = {
        CGW_HEADER("content-type", "text/plain; charset=utf-8"),
        CGW_HEADER("x-content-type-options", "nosniff"), CGW_HEADER("retry-after", "1")};
    struct error_page page = {0};
    char *text = NULL;
    if (read_board(call, &page))
        text = call->host->alloc(call, page.title.len + page.text.len + 3);
    if (!text) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    char *end = str_put(str_put(text, page.title), STR("\n"));
    if (page.text.len)
        end = str_put(str_put(end, STR("\n")), page.text);
    if (end[-1] != '\n')
        *end++ = '\n';
    answer_send(call, 503, fields, 3, (struct cgw_str){text, (size_t)(end - text)});
}

const struct cgw_app dev_no_app = BUILT_IN(.name = "no build", .call = call_no_app);
static const struct cgw_app error_app = BUILT_IN(.name = "cgw error page", .call = call_error);

/* The path as the client sent it, without the prefix that scope.c has put in front. */
static struct str own_path(const struct call *call)
{
    size_t root = call->runtime->settings->root_path.len;
    struct cgw_str path = call->scope.raw_path;
    return path.len < root ? STR("") : (struct str){path.ptr + root, path.len - root};
}

const struct cgw_app *dev_pages_choose(const struct call *call)
{
    struct str path = own_path(call);
    if (!call->runtime->is_development)
        return NULL;
    if (str_is(path, STR(RELOAD_STREAM_PATH)))
        return &reload_stream_app;
    if (str_is(path, STR(RELOAD_SCRIPT_PATH)))
        return &reload_script_app;
    bool is_page = call->runtime->app == &dev_no_app || live_is_broken();
    return is_page && is_for_a_page(&call->scope) ? &error_app : NULL;
}

/* <script data-live="..." src="/prefix/.cgw/reload.js"></script> */
static struct str make_tail(struct str script)
{
    char live[LIVE_ID_BYTES];
    live_page_id(live);
    size_t escaped = error_page_escape(script, NULL);
    char *path = mem_alloc(escaped + 1);
    if (path) {
        path[error_page_escape(script, path)] = '\0';
        dev.tail = mem_printf("<script data-live=\"%s\" src=\"%s\"></script>\n", live, path);
    }
    mem_free(path);
    return str_from(dev.tail);
}

void dev_pages_install(struct call_runtime *runtime, const struct board *board, uint32_t generation,
                       const struct settings *settings)
{
    struct str root = settings->root_path;
    mem_free((char *)(uintptr_t)dev.script.ptr);
    mem_free(dev.tail);
    dev.tail = NULL;
    live_init(board, generation);
    dev.script =
        str_from(mem_printf("%.*s%s", (int)root.len, root.ptr ? root.ptr : "", RELOAD_SCRIPT_PATH));
    runtime->html_tail = dev.script.ptr ? make_tail(dev.script) : STR("");
    if (!dev.tail)
        log_line(LOG_LEVEL_ERROR, 182,
                 "no memory for the script that reloads pages: they do not reload themselves");
    runtime->is_development = true;
}
