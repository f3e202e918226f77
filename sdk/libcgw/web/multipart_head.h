/*
 * The head of a part of multipart/form-data: its header lines, and what Content-Disposition says
 * (RFC 7578, 4.2; RFC 8187 for filename*), as browsers write it.
 */
#ifndef WEB_MULTIPART_HEAD_H
#define WEB_MULTIPART_HEAD_H
#include <cgw/base.h>

enum { MULTIPART_HEADERS_MAX = 32 };

struct multipart_head {
    struct cgw_header headers[MULTIPART_HEADERS_MAX]; /* names in lower case, values trimmed */
    size_t n_headers;
    cgw_str name, filename; /* unescaped; bytes as they came */
    bool is_file;           /* there is a file name, "" may be one */
    bool is_utf8;           /* the file name is UTF-8, whatever the form is in */
    bool is_latin1;         /* or ISO-8859-1 */
    cgw_str content_type;   /* ptr NULL: none */
    char *spare;            /* what was not used of it */
};

/*
 * Cut text, in which names become lower case. spare has room for len bytes, and holds what was
 * unescaped; both must live as long as the head. NULL, or what is wrong: static.
 */
const char *multipart_head_read(struct multipart_head *head, char *text, size_t len, char *spare);
/*
 * The parameter of that name behind the first ';' of a header's value, unquoted, into dst, which
 * has room for *len bytes. 1: there is one; 0: none; -1: it does not fit, or the value is
 * malformed.
 */
int multipart_head_parameter(cgw_str value, const char *name, char *dst, size_t *len);
#endif
