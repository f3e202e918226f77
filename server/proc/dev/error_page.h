/*
 * The page that a browser gets in place of the application's while the last build cannot be
 * served: the compiler's lines, readable, with nothing from elsewhere. Pure: text in, HTML out.
 */
#ifndef PROC_DEV_ERROR_PAGE_H
#define PROC_DEV_ERROR_PAGE_H
#include "base/str.h"

struct error_page {
    struct str title;  /* "app.c does not compile" */
    struct str text;   /* what was said, without a terminal's bytes; empty: nothing yet */
    struct str others; /* who else gets what meanwhile: a sentence */
    struct str live;   /* the id of live.h under which it is made */
    struct str script; /* path of the script that reloads it */
};

/* Write the page to dst, or only count where dst is NULL; its bytes. Everything is escaped. */
size_t error_page_write(const struct error_page *page, char *dst);
/* Write text for an attribute or content of HTML, or count; its bytes. */
size_t error_page_escape(struct str text, char *dst);
#endif
