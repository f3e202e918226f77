/* What a session holds: keys with texts, in the order in which they came, as a JSON object. */
#ifndef CRYPTO_VALUES_H
#define CRYPTO_VALUES_H
#include "base/buffer.h"

struct value {
    struct value *next;
    cgw_str key, text; /* NUL-terminated */
    size_t json_len;   /* of "key":"text", with a comma */
};

/* All of an arena. */
struct values {
    struct value *first;
};

/* NULL: there is none. */
const struct value *values_find(const struct values *values, const char *key);
/* In place of the one of that key, or behind all. CGW_OK; CGW_ENOMEM; CGW_EINVAL: no UTF-8;
   CGW_ETOOBIG: values_json_len() would be more than max. Else nothing has changed. */
int values_set(struct values *values, struct arena *arena, const char *key, const char *text,
               size_t max);
/* Was there one? */
bool values_remove(struct values *values, const char *key);
size_t values_json_len(const struct values *values);
void values_write(const struct values *values, struct buffer *out);
/* Of an object of strings; CGW_OK; CGW_EINVAL: it is none; CGW_ENOMEM. */
int values_read(struct values *values, struct arena *arena, cgw_str json);
#endif
