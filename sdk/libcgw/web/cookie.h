/* Cookies, both ways: RFC 6265. */
#ifndef WEB_COOKIE_H
#define WEB_COOKIE_H
#include "model/model.h"
#include <cgw/reply.h>

/*
 * All cookie fields among the headers to pairs, in order, in the arena's memory. As lenient as
 * browsers are: blanks around, quotes and backslashes within them, are taken off; a piece without a
 * name or without '=' is skipped. CGW_OK or CGW_ENOMEM.
 */
int cookie_parse(struct arena *arena, const struct cgw_header *headers, size_t n_headers,
                 const struct model_pair **ret_pairs, size_t *ret_n);

/* What is wrong with it, in English, or NULL. Static. */
const char *cookie_fault(const char *name, const char *value,
                         const struct cgw_cookie_options *options);
/* The value of a set-cookie field; cookie_fault() found nothing. */
void cookie_write(struct buffer *out, const char *name, const char *value,
                  const struct cgw_cookie_options *options);
#endif
