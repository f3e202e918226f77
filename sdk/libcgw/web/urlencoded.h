/*
 * application/x-www-form-urlencoded as a stream, as the URL standard reads it: names are collected,
 * values come out decoded, slice by slice. It allocates nothing.
 */
#ifndef WEB_URLENCODED_H
#define WEB_URLENCODED_H
#include <cgw/base.h>

enum { URLENCODED_BYTES = 1024 };

enum urlencoded_event {
    URLENCODED_MORE,  /* the input is used up */
    URLENCODED_FIELD, /* a field begins: its name is in *ret_data */
    URLENCODED_DATA,  /* bytes of its value; valid until the next call */
    URLENCODED_OVER,  /* the field is over */
    URLENCODED_END,   /* the input is over, and so are all fields */
    URLENCODED_BAD    /* a name is too long */
};

/* A % that begins no escape is itself; '+' is a blank; pairs without '=' have an empty value, empty
   pairs are none. */
struct urlencoded {
    char *name; /* the caller's */
    size_t name_len, name_max;
    char escape[2]; /* '%' and a digit that the input has ended with */
    unsigned char n_escape, state;
    char data[URLENCODED_BYTES];
};

/* name: room for name_max bytes, 3 at least, as long as the parser lives. */
void urlencoded_init(struct urlencoded *urlencoded, char *name, size_t name_max);
/* What comes next in *input, which shrinks from its front. is_last: no more input follows. */
enum urlencoded_event urlencoded_next(struct urlencoded *urlencoded, cgw_str *input, bool is_last,
                                      cgw_str *ret_data);
#endif
