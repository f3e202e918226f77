/*
 * The HTTP/1 reading codec, sans I/O: bytes in, events out (RFC 9112, RFC 9110). llhttp reads
 * heads, lengths and chunks; what it lets pass (behaviours 34 to 77) is checked here. It never
 * logs, never waits and knows no clock.
 *
 * Each byte is consumed once. A head is copied into the arena of the request it begins, so the
 * caller's buffer is free again as soon as http1_feed() returns, but for the slice of a body event.
 */
#ifndef PROTO_HTTP1_H
#define PROTO_HTTP1_H
#include "base/arena.h"
#include "base/str.h"
#include <llhttp.h>

struct http1_limits {
    size_t head_bytes; /* request line and fields; also trailers and one chunk line */
    uint32_t head_fields;
    size_t target_bytes;
    uint64_t body_bytes; /* 0: none */
};

/*
 * A request's head, in arena memory; each string is NUL-terminated behind its length. On an ERROR
 * method and target are there, by their lengths, where the request line was fine, else both are
 * empty, and no other member means anything.
 */
struct http1_request {
    struct str method;
    struct str target;   /* as sent */
    struct str raw_path; /* origin-form path as sent, or "*" */
    struct str query;
    struct field *fields; /* names lower-case; Host is the authority of an absolute target */
    size_t n_fields;
    struct str host;         /* "" where there is none (HTTP/1.0) */
    uint64_t content_length; /* HTTP1_LENGTH_CHUNKED, or the bytes announced; 0 without a body */
    uint8_t minor;           /* HTTP/1.minor, 0 or 1 */
    bool keep_alive;         /* what the client asks for: version and Connection */
    bool expect_continue;    /* HTTP/1.1 and "expect: 100-continue", with a body */
    bool te_trailers;        /* "te: trailers" */
    bool upgrade;            /* Connection: upgrade and an Upgrade field */
};
#define HTTP1_LENGTH_CHUNKED UINT64_MAX

enum http1_event_type {
    HTTP1_MORE, /* all bytes are consumed; nothing to say yet */
    HTTP1_HEAD, /* request is filled; a body may follow: see ended */
    HTTP1_BODY, /* data is a piece of the body, a slice of the caller's buffer */
    HTTP1_END,  /* the body, its trailers too, is complete */
    HTTP1_ERROR /* status is the answer to give; then close. Every later feed says the same and
                   consumes all. */
};

struct http1_event {
    enum http1_event_type type;
    bool ended;      /* HEAD: no body; BODY: this is the last piece; no END event follows then */
    int status;      /* ERROR: 400 413 414 417 431 500 (out of memory) 501 505 */
    const char *why; /* ERROR: static text for the log, "two Host fields" */
    struct str data; /* BODY */
};

enum http1_phase {
    HTTP1_IDLE, /* between messages, no byte of the next one seen (blank lines do not count) */
    HTTP1_IN_HEAD,
    HTTP1_IN_BODY,
    HTTP1_FAILED
};

/* How far the head that is being read has come. */
struct http1_head_state {
    char *bytes;       /* what came before this feed, in the arena */
    size_t len, room;  /* of bytes; room keeps one for a NUL */
    size_t line_len;   /* the request line with its CRLF, once it was found good */
    size_t method_len; /* the target begins one byte behind it */
    size_t target_len;
    uint32_t n_lines; /* ended ones */
    uint8_t n_blank;  /* before the request line */
    uint8_t at;       /* enum in http1_head.c */
    bool has_tab;
    uint8_t minor;
};

/* How far the body has come. */
struct http1_body_state {
    uint64_t left;        /* bytes of the announced length, or of the chunk */
    uint64_t total;       /* of all chunks so far */
    size_t line_len;      /* of the chunk line */
    size_t trailer_bytes; /* the lines behind the last chunk */
    uint32_t n_trailers;
    bool is_chunked;
    uint8_t at;       /* enum in http1_chunk.c */
    uint8_t n_digits; /* of the chunk's size, zeros in front do not count */
    uint8_t name_len; /* of the trailer's name, no further than name has room */
    char name[24];    /* in lower case */
};

/* One connection's reading half. Holds no memory of its own. */
struct http1 {
    llhttp_t parser;                   /* first: its callbacks find us by it */
    const struct http1_limits *limits; /* the caller's, for the connection's life */
    struct arena *arena;               /* of the current request */
    struct http1_request *request;     /* the caller's, filled while a head is read */
    enum http1_phase phase;
    /* the codec's own */
    struct http1_head_state head;
    struct http1_body_state body;
    size_t field_room; /* of request->fields while the head is parsed */
    struct str piece;  /* of the body, as llhttp saw it in this feed */
    bool is_complete;  /* llhttp has seen the message's end */
    int status;        /* of the failure; 0: none */
    const char *why;
    uint8_t host_len; /* of the last Host that was found good: most clients repeat it */
    char host[47];
};

void http1_init(struct http1 *h, const struct http1_limits *limits);

/*
 * Say where the next head goes: before the first byte of a request is fed, so in phase IDLE.
 * Both stay the caller's and must live until the request's END (or ended).
 */
void http1_begin(struct http1 *h, struct arena *arena, struct http1_request *request);

/*
 * Consume bytes until there is an event. *ret_consumed may be less than len: feed the rest again.
 * With MORE all are consumed. A body is limited here: 413 before its first piece where the length
 * is announced, on the piece that passes the limit where it is chunked.
 */
void http1_feed(struct http1 *h, const char *ptr, size_t len, size_t *ret_consumed,
                struct http1_event *ret_event);

/* Bytes of the body that are still to come as far as announced; chunked: 1 until its end; 0 else.
 */
uint64_t http1_body_left(const struct http1 *h);
#endif
