/*
 * JSON (RFC 8259) out of bytes, pulled piece by piece: whoever reads knows what it wants and gets
 * it as slices of the text; nothing is kept. What is wrong is told as Python tells it (the words,
 * and the position in characters), since that is what FastAPI's clients know. Strict: UTF-8 alone,
 * no NaN, no comments; a byte order mark at the beginning is passed over, as the RFC allows.
 */
#ifndef MODEL_JSON_READ_H
#define MODEL_JSON_READ_H
#include "base/arena.h"

#define JSON_DEPTH 64 /* containers within each other; a bit of json_reader.objects each */

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INTEGER, /* a number without fraction and exponent */
    JSON_REAL,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_reader {
    const char *begin, *at, *end; /* the text; at: what comes next */
    unsigned depth;               /* containers that are open */
    uint64_t objects;             /* bit depth - 1: that container is an object */
    const char *why, *where;      /* the first fault, static, and where it is; NULL: none so far */
};

/* A scalar, or the opening bracket of a container. */
struct json_value {
    enum json_kind kind;
    bool has_escape; /* of a string */
    cgw_str raw;     /* as it stands in the text: a string with its quotes */
};

/* text is the caller's, and stays while it is read. */
void json_read_init(struct json_reader *reader, cgw_str text);
/* The next value: a scalar whole, or a container's bracket, which is open then. false: a fault. */
bool json_read_value(struct json_reader *reader, struct json_value *ret_value);
/* In an object that is open: the next key, with its colon. false: it is closed now, or a fault. */
bool json_read_key(struct json_reader *reader, bool is_first, struct json_value *ret_key);
/* In an array that is open: is there another item? false: it is closed now, or a fault. */
bool json_read_item(struct json_reader *reader, bool is_first);
/* Read to the end of value where it is a container that was just opened; its raw is whole then. */
bool json_read_rest(struct json_reader *reader, struct json_value *value);
/* Nothing but blanks may follow. */
bool json_read_end(struct json_reader *reader);
/* Characters of the text in front of where. */
size_t json_read_position(const struct json_reader *reader);

struct json_text {
    cgw_str text;
    bool has_nul, has_lone; /* U+0000; half a surrogate pair, which became U+FFFD */
};
/* What a string says, NUL-terminated. CGW_OK, or CGW_ENOMEM. */
int json_read_text(const struct json_value *string, struct arena *arena,
                   struct json_text *ret_text);

/* Bytes of the UTF-8 character at text; 0: it is none (too long a form, a surrogate, cut). len > 0.
 */
size_t json_read_character(const char *text, size_t len);
#endif
