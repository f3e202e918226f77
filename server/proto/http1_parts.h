/*
 * What the parts of the HTTP/1 reading codec owe each other: http1.c holds the phases,
 * http1_head.c finds and vets a head, http1_fields.c gives its fields their meaning, http1_chunk.c
 * vets chunked framing. Nobody else includes this.
 */
#ifndef PROTO_HTTP1_PARTS_H
#define PROTO_HTTP1_PARTS_H
#include "proto/http1.h"

/* Remember the first failure and enter phase FAILED. why is static text. Always -1. */
int http1_refuse(struct http1 *h, int status, const char *why);

/*
 * Take bytes of a head, in phase IDLE or IN_HEAD; the bytes taken. Afterwards the phase is as it
 * was or IN_HEAD (all is taken), FAILED, or the head is complete in h->head and *ret_is_complete.
 */
size_t http1_head_take(struct http1 *h, const char *ptr, size_t len, bool *ret_is_complete);
/* Let llhttp read the complete head and fill the request. 0, or -1 refused. */
int http1_head_parse(struct http1 *h);

/* Check and fill in what the fields mean, once they are all in request->fields. 0, or -1 refused.
 */
int http1_fields_read(struct http1 *h);

/*
 * Take framing bytes of a chunked body, then at most one piece of its data, which is *ret_data; the
 * bytes taken. With *ret_is_end the whole body is over. Or phase FAILED.
 */
size_t http1_chunk_take(struct http1 *h, const char *ptr, size_t len, struct str *ret_data,
                        bool *ret_is_end);

/* Show llhttp bytes that were vetted here. 0, or -1 refused. */
int http1_show(struct http1 *h, const char *ptr, size_t len);
#endif
