/*
 * The machinery behind a model: text or parameters in, an object and every error out; an object in,
 * JSON out. It knows no request and no task: an arena and bytes. All state is per call, but for what
 * is compiled once per model (patterns), which is published atomically: any thread may use a model.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H
#include "base/buffer.h"
#include <cgw/model.h>

/* Where an error is: a chain on the stack of whoever descends; read from the end to the root. */
struct model_place {
    const struct model_place *above; /* NULL: the root */
    const char *key;                 /* a member, of key_len bytes; NULL: index counts */
    size_t key_len;
    size_t index;
};

/*
 * The errors found so far, rendered at once as the elements of "detail" (FastAPI's shape): each is
 * {"type":...,"loc":[...],"msg":...,"input":...[,"ctx":{...}]}. At most MODEL_ERRORS_MAX are kept.
 */
#define MODEL_ERRORS_MAX 100
struct model_errors {
    struct arena *arena;
    struct buffer text; /* elements with commas between, without brackets */
    size_t n;
    int status; /* CGW_OK, or CGW_ENOMEM: text is not whole */
};

/* One parameter: a query pair, a header, a cookie, a path segment. Decoded; the same name may come
   several times, for lists. */
struct model_pair {
    cgw_str name, value;
};

struct model_source {
    const char *place;              /* "query", "path", "header", "cookie", "body" (forms): loc[0] */
    const struct model_pair *pairs;
    size_t n_pairs;
    bool is_header; /* names compare without case, and '_' of a field matches '-' (FastAPI) */
};

struct cgw_model_code {
    /*
     * JSON text into *object (model->size bytes, overwritten whole). loc begins with "body" where
     * root is {.key = "body"}, or with whatever root says; NULL: with nothing.
     * CGW_OK; CGW_EINVALID: see errors; CGW_ENOMEM.
     */
    int (*decode)(const cgw_model *model, struct arena *arena, cgw_str json,
                  const struct model_place *root, struct model_errors *errors, void *object);
    /* Parameters into *object: text becomes what the field's kind says, as FastAPI converts it. */
    int (*bind)(const cgw_model *model, struct arena *arena, const struct model_source *source,
                struct model_errors *errors, void *object);
    /* Compact JSON behind what is in out; out->status says whether it went well. */
    void (*encode)(const cgw_model *model, const void *object, struct buffer *out);
    /* Compile what is to be compiled; a fault of the application's: NULL, or what is wrong, static or
       in the arena. Called at load for every model that a route names. */
    const char *(*prepare)(const cgw_model *model, struct arena *arena);
};

void model_errors_init(struct model_errors *errors, struct arena *arena);
/* One more: msg is formatted; input and ctx are JSON text (ctx "" for none). */
void model_errors_add(struct model_errors *errors, const struct model_place *place, const char *type,
                      cgw_str input, cgw_str ctx, const char *format, ...) CGW_PRINTF(6, 7);
/* {"detail":[...]} as a whole; ptr NULL: out of memory. */
cgw_str model_errors_detail(struct model_errors *errors);

/* ---- between the files of model/ ---- */

/* A JSON string with its quotes: RFC 8259, 7; invalid UTF-8 becomes U+FFFD. */
void json_write_string(struct buffer *out, cgw_str text);
/* The shortest decimal that reads back as the same double; NaN and infinities: null. */
void json_write_double(struct buffer *out, double value);
void json_write_i64(struct buffer *out, int64_t value);
void json_write_u64(struct buffer *out, uint64_t value);
#endif
