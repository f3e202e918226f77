/* HTML written twice with the same code: first to nowhere, to know its length. */
#include "proc/dev/error_page.h"
#include "proc/dev/diagnostic.h"
#include <stdio.h>

struct html {
    char *dst; /* NULL: count */
    size_t len;
};

static const char head_before_title[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>";
static const char head_behind_title[] =
    "</title>\n"
    "<style>\n"
    ":root { color-scheme: light dark;\n"
    "  --back: #fff; --text: #1f2328; --dim: #656d76; --box: #f6f8fa; --line: #d0d7de;\n"
    "  --error: #b3121d; --warning: #8a5a00; --note: #0757ba; }\n"
    "@media (prefers-color-scheme: dark) { :root {\n"
    "  --back: #14171c; --text: #dfe3e8; --dim: #8d96a0; --box: #1c2026; --line: #343b44;\n"
    "  --error: #ff7b72; --warning: #e3b341; --note: #79b8ff; } }\n"
    "body { margin: 0; background: var(--back); color: var(--text);\n"
    "  font: 16px/1.5 system-ui, sans-serif; border-top: 6px solid var(--error); }\n"
    "main { max-width: 76rem; margin: 0 auto; padding: 1.5rem; }\n"
    "h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }\n"
    "p { color: var(--dim); margin: .3rem 0 1rem; }\n"
    "pre { font: 14px/1.55 ui-monospace, monospace; tab-size: 8; margin: 0; padding: 1rem;\n"
    "  background: var(--box); border: 1px solid var(--line); border-radius: 8px;\n"
    "  overflow-x: auto; }\n"
    ".error, .warning, .note { white-space: pre-wrap; overflow-wrap: anywhere; }\n"
    ".error { color: var(--error); font-weight: 600; }\n"
    ".warning { color: var(--warning); }\n"
    ".note { color: var(--note); }\n"
    ".marks { color: var(--error); }\n"
    "b { color: var(--text); font-weight: 700; }\n"
    "</style>\n";
static const char refresh[] = "<meta http-equiv=\"refresh\" content=\"1\">\n";
static const char refresh_without_script[] =
    "<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>\n";

static void put(struct html *html, struct str s)
{
    if (html->dst)
        str_put(html->dst + html->len, s);
    html->len += s.len;
}

static struct str escape(char c)
{
    switch (c) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\'':
        return STR("&#39;");
    default:
        return STR("");
    }
}

static void put_text(struct html *html, struct str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        struct str escaped = escape(s.ptr[i]);
        if (!escaped.len)
            continue;
        put(html, (struct str){s.ptr + from, i - from});
        put(html, escaped);
        from = i + 1;
    }
    put(html, (struct str){s.ptr + from, s.len - from});
}

static void put_line(struct html *html, struct str line)
{
    static const struct str openings[DIAGNOSTIC_KINDS] = {
        [DIAGNOSTIC_PLAIN] = {"<span class=\"plain\">", 20},
        [DIAGNOSTIC_ERROR] = {"<span class=\"error\">", 20},
        [DIAGNOSTIC_WARNING] = {"<span class=\"warning\">", 22},
        [DIAGNOSTIC_NOTE] = {"<span class=\"note\">", 19},
        [DIAGNOSTIC_SOURCE] = {"<span class=\"source\">", 21},
        [DIAGNOSTIC_MARKS] = {"<span class=\"marks\">", 20},
    };
    struct diagnostic diagnostic = diagnostic_read(line);
    put(html, openings[diagnostic.kind]);
    if (diagnostic.place.len) {
        put(html, STR("<b>"));
        put_text(html, diagnostic.place);
        put(html, STR("</b>"));
    }
    put_text(html, diagnostic.rest);
    put(html, STR("</span>\n"));
}

static void put_lines(struct html *html, struct str text)
{
    put(html, STR("<pre>"));
    while (text.len)
        put_line(html, diagnostic_next_line(&text));
    put(html, STR("</pre>\n"));
}

static void put_number(struct html *html, unsigned n, const char *one, const char *many)
{
    char text[48];
    int len = snprintf(text, sizeof text, "%u %s", n, n == 1 ? one : many);
    put(html, (struct str){text, (size_t)len});
}

/* "2 errors, 1 warning. " */
static void put_counts(struct html *html, struct str text)
{
    unsigned n[DIAGNOSTIC_KINDS] = {0};
    while (text.len)
        n[diagnostic_read(diagnostic_next_line(&text)).kind]++;
    if (n[DIAGNOSTIC_ERROR])
        put_number(html, n[DIAGNOSTIC_ERROR], "error", "errors");
    if (n[DIAGNOSTIC_ERROR] && n[DIAGNOSTIC_WARNING])
        put(html, STR(", "));
    if (n[DIAGNOSTIC_WARNING])
        put_number(html, n[DIAGNOSTIC_WARNING], "warning", "warnings");
    if (n[DIAGNOSTIC_ERROR] || n[DIAGNOSTIC_WARNING])
        put(html, STR(". "));
}

static void put_script(struct html *html, const struct error_page *page)
{
    put(html, STR("<script data-live=\""));
    put_text(html, page->live);
    put(html, STR("\" src=\""));
    put_text(html, page->script);
    put(html, STR("\"></script>\n"));
}

static void put_body(struct html *html, const struct error_page *page)
{
    put(html, STR("</head>\n<body>\n<main>\n<h1>"));
    put_text(html, page->title);
    put(html, STR("</h1>\n<p>"));
    put_counts(html, page->text);
    put(html, STR("This page reloads itself when the next build is good. "));
    put_text(html, page->others);
    put(html, STR("</p>\n"));
    if (page->text.len)
        put_lines(html, page->text);
    put(html, STR("</main>\n"));
    put_script(html, page);
    put(html, STR("</body>\n</html>\n"));
}

size_t error_page_write(const struct error_page *page, char *dst)
{
    struct html html = {dst, 0};
    put(&html, STR(head_before_title));
    put_text(&html, page->title);
    put(&html, STR(head_behind_title));
    put(&html, page->text.len ? STR(refresh_without_script) : STR(refresh));
    put_body(&html, page);
    return html.len;
}

size_t error_page_escape(struct str text, char *dst)
{
    struct html html = {dst, 0};
    put_text(&html, text);
    return html.len;
}
