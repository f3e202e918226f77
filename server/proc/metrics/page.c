/* Growing by doubling; vsnprintf() says how much it needs, and gets a second chance. */
#include "proc/metrics/page.h"
#include "base/mem.h"
#include <stdarg.h>
#include <stdio.h>

enum { FIRST_BYTES = 4096 };

/* Room for len more bytes and a NUL. */
static bool make_room(struct page *page, size_t len)
{
    size_t room = page->room ? page->room : FIRST_BYTES;
    if (page->is_broken)
        return false;
    while (room - page->len <= len && room <= PAGE_BYTES_MAX)
        room *= 2;
    if (room == page->room)
        return true;
    char *text = room > PAGE_BYTES_MAX ? NULL : mem_realloc(page->text, room);
    page->is_broken = !text;
    if (!text)
        return false;
    page->text = text;
    page->room = room;
    return true;
}

void page_print(struct page *page, const char *format, ...)
{
    for (int i = 0; i < 2; i++) {
        size_t left = page->room - page->len;
        va_list arguments;
        va_start(arguments, format);
        int n = vsnprintf(left ? page->text + page->len : NULL, left, format, arguments);
        va_end(arguments);
        if (n >= 0 && (size_t)n < left) {
            page->len += (size_t)n;
            return;
        }
        if (!make_room(page, n < 0 ? 0 : (size_t)n))
            return;
    }
}

void page_put(struct page *page, struct str text)
{
    if (!make_room(page, text.len))
        return;
    memcpy(page->text + page->len, text.ptr, text.len);
    page->len += text.len;
    page->text[page->len] = '\0';
}

void page_fini(struct page *page)
{
    mem_free(page->text);
    *page = (struct page){0};
}
