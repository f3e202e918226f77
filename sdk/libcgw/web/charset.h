/* Charsets of forms: nearly always UTF-8, of old pages and programs Latin-1. */
#ifndef WEB_CHARSET_H
#define WEB_CHARSET_H
#include <cgw/base.h>

enum charset { CHARSET_UNKNOWN, CHARSET_UTF8, CHARSET_LATIN1 };

/* Of a label, in any case: ISO-8859-1 is windows-1252, as browsers have it (Encoding standard). */
enum charset charset_find(cgw_str label);
/* As UTF-8, NUL-terminated, in the request's memory; what is no UTF-8 becomes U+FFFD. CGW_OK or
   CGW_ENOMEM. */
int charset_text(cgw_request *req, enum charset charset, cgw_str bytes, cgw_str *ret_text);
#endif
