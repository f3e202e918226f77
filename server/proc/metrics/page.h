/*
 * Text that is printed piece by piece and grows up to a maximum. What fails is remembered instead
 * of told at each piece: look once, at the end.
 */
#ifndef PROC_METRICS_PAGE_H
#define PROC_METRICS_PAGE_H
#include "base/str.h"

#define PAGE_BYTES_MAX (8u << 20)

/* All zero: empty. text is the page's, NUL-terminated, NULL as long as nothing was printed. */
struct page {
    char *text;
    size_t len, room;
    bool is_broken; /* out of memory, or longer than PAGE_BYTES_MAX: the text is of no use */
};

void page_print(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes as they are. */
void page_put(struct page *page, struct str text);
/* Empty again, and its memory given back. */
void page_fini(struct page *page);
#endif
