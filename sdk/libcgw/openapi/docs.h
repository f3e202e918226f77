/* Files of the page, in the library: docs_data.c, which the build makes of those in page/. */
#ifndef OPENAPI_DOCS_H
#define OPENAPI_DOCS_H
#include <stddef.h>

/* NUL-terminated. */
extern const char docs_data_swagger_js[], docs_data_plain_js[], docs_data_plain_css[];
extern const size_t docs_data_swagger_js_len, docs_data_plain_js_len, docs_data_plain_css_len;
#endif
