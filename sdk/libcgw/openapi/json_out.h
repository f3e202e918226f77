/*
 * JSON by hand, for documents: each function writes one member of an object (key) or one item of an
 * array (key NULL), with the comma that it needs. What is in the buffer says where one is: a text
 * ends with its quote, so an opening bracket or a colon at the end is none of a text's.
 */
#ifndef OPENAPI_JSON_OUT_H
#define OPENAPI_JSON_OUT_H
#include "model/model.h"

/* bracket: '{' or '['; the same one closes by its other half. */
void json_out_open(struct buffer *out, const char *key, char bracket);
void json_out_close(struct buffer *out, char bracket);
void json_out_key(struct buffer *out, cgw_str key);
void json_out_text(struct buffer *out, const char *key, const char *text); /* NULL: nothing */
void json_out_string(struct buffer *out, const char *key, cgw_str text);
void json_out_bool(struct buffer *out, const char *key, bool value);
/* As an integer where it is one; NaN: nothing. */
void json_out_number(struct buffer *out, const char *key, long double value);
void json_out_count(struct buffer *out, const char *key, uint64_t value);
/* JSON text as it is, which whoever calls has looked at; NULL: nothing. */
void json_out_raw(struct buffer *out, const char *key, const char *json);
#endif
