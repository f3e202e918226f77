/*
 * The machinery behind a model: text or parameters in, an object and every error out; an object in,
 * JSON out. It knows no request and no task: an arena and bytes. All state is per call, but for
 * what is compiled once per model (patterns), which is published atomically: any thread may use a
 * model.
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
 * {"type":...,"loc":[...],"msg":...,"input":...[,"ctx":{...}]}. At the hundredth, reading stops.
 * What is echoed as "input" has MODEL_ECHO_MAX bytes in all: one that does not fit is left out, so
 * that an answer is not much larger than what was asked.
 */
#define MODEL_ERRORS_MAX 100
#define MODEL_ERRORS_MADE                                                  \
    1000 /* as many, with those that count no more, and reading stops, too \
          */
#define MODEL_ECHO_MAX ((size_t)64 << 10)
struct model_error {
    cgw_str text;
    size_t rank; /* errors of an object come in the order of its fields, not in that of the data */
};
struct model_errors {
    struct arena *arena;
    struct model_error *items; /* MODEL_ERRORS_MAX of them, from the first error on */
    size_t n;
    size_t made; /* n, and those that were dropped: their memory is not given back */
    size_t echo; /* bytes of input that may still be echoed */
    int status;  /* CGW_OK, or CGW_ENOMEM: they are not whole */
};

/* One parameter: a query pair, a header, a cookie, a path segment. Decoded; the same name may come
   several times, for lists. */
struct model_pair {
    cgw_str name, value;
};

struct model_source {
    const char *place; /* "query", "path", "header", "cookie", "body" (forms): loc[0] */
    const struct model_pair *pairs;
    size_t n_pairs;
    const cgw_upload *const *uploads; /* of each pair, the file that it is, or NULL; NULL: all are
                                         text */
    bool is_header; /* names compare without case, and '_' of a field matches '-' (FastAPI) */
};

#define MODEL_LIST_BYTES ((size_t)64 << 20)
struct cgw_model_code {
    /*
     * JSON text into *object (model->size bytes, overwritten whole). loc begins with "body" where
     * root is {.key = "body"}, or with whatever root says; NULL: with nothing. What is no JSON at
     * all is one error that takes the place of all others, also of those that were there before.
     * CGW_OK; CGW_EINVALID: see errors, and the object holds nothing of use; CGW_ETOOBIG: its lists
     * would take more than MODEL_LIST_BYTES and 16 bytes for each of the text; CGW_ENOMEM.
     */
    int (*decode)(const cgw_model *model, struct arena *arena, cgw_str json,
                  const struct model_place *root, struct model_errors *errors, void *object);
    /* Parameters into *object: text becomes what the field's kind says, as FastAPI converts it. */
    int (*bind)(const cgw_model *model, struct arena *arena, const struct model_source *source,
                struct model_errors *errors, void *object);
    /* Compact JSON behind what is in out; out->status says whether it went well. */
    void (*encode)(const cgw_model *model, const void *object, struct buffer *out);
    /* Compile what is to be compiled; a fault of the application's: NULL, or what is wrong, static
       or in the arena. Called at load for every model that a route names. */
    const char *(*prepare)(const cgw_model *model, struct arena *arena);
};

/* A field somewhere in the model that is a file, or NULL; *ret_model: whose it is. */
const struct cgw_field *model_find_upload(const cgw_model *model, const cgw_model **ret_model);

void model_errors_init(struct model_errors *errors, struct arena *arena);
/* One more: msg is formatted; input is JSON text (ptr NULL: null), ctx JSON text too (len 0: none).
 */
void model_errors_add(struct model_errors *errors, const struct model_place *place,
                      const char *type, cgw_str input, cgw_str ctx, const char *format, ...)
    CGW_PRINTF(6, 7);
/* Forget those behind the first n. */
void model_errors_cut(struct model_errors *errors, size_t n);
/* Of those behind the first n: give them a rank; forget those of a rank; bring them into order. */
void model_errors_rank(struct model_errors *errors, size_t n, size_t rank);
void model_errors_forget(struct model_errors *errors, size_t n, size_t rank);
void model_errors_sort(struct model_errors *errors, size_t n);
/* No more will be kept, or memory is out: whoever reads stops. */
bool model_errors_stop(const struct model_errors *errors);
/* [...], as cgw_parse() gives it, or {"detail":[...]}; NUL-terminated; ptr NULL: out of memory. */
cgw_str model_errors_array(struct model_errors *errors);
cgw_str model_errors_detail(struct model_errors *errors);

/* ---- between the files of model/ ---- */

/* A JSON string with its quotes: RFC 8259, 7; invalid UTF-8 becomes U+FFFD. */
void json_write_string(struct buffer *out, cgw_str text);
/* The shortest decimal that reads back as the same double; NaN and infinities: null. */
void json_write_double(struct buffer *out, double value);
void json_write_i64(struct buffer *out, int64_t value);
void json_write_u64(struct buffer *out, uint64_t value);
#endif
