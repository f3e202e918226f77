/*
 * multipart/form-data (RFC 2046, 5.1; RFC 7578) as a stream: bytes in, of any lengths; parts and
 * slices of them out. It allocates nothing: what is held back between two inputs is part of the
 * delimiter, or the head of a part, in memory of the caller's.
 *
 * Lines end in CR LF and in nothing else, here as in HTTP: what two readers might cut differently
 * is an error.
 */
#ifndef WEB_MULTIPART_H
#define WEB_MULTIPART_H
#include <cgw/base.h>

enum { MULTIPART_BOUNDARY_MAX = 70 };

enum multipart_event {
    MULTIPART_MORE, /* the input is used up */
    MULTIPART_PART, /* a part begins: its head is in *ret_data, lines with their ends */
    MULTIPART_DATA, /* bytes of it; valid as long as the input */
    MULTIPART_OVER, /* the part is over */
    MULTIPART_END,  /* the closing delimiter was there; what follows is of no interest */
    MULTIPART_BAD   /* error says why; for good */
};

struct multipart {
    char delimiter[4 + MULTIPART_BOUNDARY_MAX]; /* CR LF - - and the boundary */
    size_t delimiter_len;
    size_t matched; /* bytes of the delimiter that the input has ended with so far */
    size_t virtual; /* so many of them were no bytes of the part */
    char *head;     /* the caller's */
    size_t head_len, head_max;
    const char *error; /* English, static */
    unsigned char state;
    bool is_in_part;
};

/* The boundary of a content type, in its value. false: there is none that RFC 2046 allows. */
bool multipart_boundary(cgw_str content_type, cgw_str *ret_boundary,
                        char dst[MULTIPART_BOUNDARY_MAX]);
/* head: room for head_max bytes, as long as the parser lives. */
void multipart_init(struct multipart *multipart, cgw_str boundary, char *head, size_t head_max);
/* What comes next in *input, which shrinks from its front. */
enum multipart_event multipart_next(struct multipart *multipart, cgw_str *input, cgw_str *ret_data);
/* The input is over: NULL, or why that is too early. */
const char *multipart_end(const struct multipart *multipart);
#endif
