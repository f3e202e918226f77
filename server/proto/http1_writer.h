/*
 * The HTTP/1 writing codec, sans I/O: heads and chunk framing into the caller's memory
 * (RFC 9112 4, 6, 7.1). Fields are checked before they come here (app/); names go out in lower
 * case.
 */
#ifndef PROTO_HTTP1_WRITER_H
#define PROTO_HTTP1_WRITER_H
#include "base/str.h"

enum http1_framing {
    HTTP1_FRAMING_NONE,   /* no body by status: neither length nor coding goes out */
    HTTP1_FRAMING_LENGTH, /* content_length goes out */
    HTTP1_FRAMING_CHUNKED,
    HTTP1_FRAMING_CLOSE /* the body ends with the connection */
};

struct http1_head {
    int status; /* 100..999; an unknown one has an empty reason */
    enum http1_framing framing;
    uint64_t content_length;
    const struct field *fields; /* the application's; what is the server's to say is left out:
                                   connection, keep-alive, proxy-connection, transfer-encoding,
                                   upgrade, content-length */
    size_t n_fields;
    const struct field *extra; /* the operator's (--header), behind them, nothing left out;
                                  a date or server among them leaves out the application's */
    size_t n_extra;
    const char *date; /* CLOCK_DATE_BYTES, or NULL: no Date */
    bool server;      /* send "server: cgw" */
    /* date and server go out only where fields and extra have none of their own */
    bool close;      /* connection: close */
    bool keep_alive; /* connection: keep-alive (to HTTP/1.0) */
};

/* Upper bound of what http1_write_head() will need, in bytes. */
size_t http1_head_bound(const struct http1_head *head);
/* The head with its empty line at dst; the bytes used. The version is always HTTP/1.1. */
size_t http1_write_head(char *dst, const struct http1_head *head);
/* A 1xx head with its fields (RFC 9110 15.2), with the bound of a head that has just these. */
size_t http1_write_informational(char *dst, int status, const struct field *fields, size_t n);

#define HTTP1_CHUNK_BOUND 18 /* 16 digits and CRLF */
/* "size CRLF" of a chunk that is not empty. */
size_t http1_write_chunk_size(char *dst, uint64_t bytes);
/* "0 CRLF trailers CRLF": bound, then write. */
size_t http1_trailers_bound(const struct field *fields, size_t n);
size_t http1_write_last_chunk(char *dst, const struct field *fields, size_t n);

/* The reason phrase of RFC 9110 15 and its registry, "" where unknown. */
const char *http1_reason(int status);
#endif
