/*
 * What decoding and binding share: one value of one field, wherever it came from, is converted,
 * held to its field's constraints and stored, or an error says what is wrong with it.
 */
#ifndef MODEL_WORK_H
#define MODEL_WORK_H
#include "model/json_read.h"
#include "model/lax.h"
#include "model/model.h"
#include "model/pattern.h"

/* One call of decode or bind. */
struct work {
    struct arena *arena;
    struct model_errors *errors;
    struct json_reader reader;       /* of decode */
    struct pattern_scratch *scratch; /* made at the first pattern */
    size_t list_bytes;               /* that lists of decode may still take */
    int status;                      /* CGW_OK; CGW_ENOMEM, CGW_ETOOBIG: all is void */
};

/* One value as it came. */
struct work_value {
    struct json_value json;   /* of a parameter: the kind is JSON_STRING */
    bool is_text;             /* a parameter: json.raw is the text itself */
    const cgw_upload *upload; /* a file of a form; else NULL. json is what errors say of it */
};

/* Where it goes, and where an error about it is. */
struct work_target {
    const cgw_model *model;
    size_t index; /* of the field */
    uint8_t kind; /* the field's, or that of its items: a scalar */
    const struct model_place *place;
    void *member;
};

/* May the work go on? Not without memory, and not behind the last error that is kept. */
bool work_goes_on(const struct work *work);
/* The value as JSON text, for errors; ptr NULL: out of memory, which work->status says. */
cgw_str work_input(struct work *work, const struct work_value *value);
/* The same for text. */
cgw_str work_quoted(struct work *work, cgw_str text);

/* Set the scalar, or add an error. work->status where memory is out. */
void work_scalar(struct work *work, const struct work_target *target,
                 const struct work_value *value);
/* Set the field's default; without one the member stays. CGW_OK; CGW_EINVALID: it is none of the
   field's kind, which prepare() tells; CGW_ENOMEM. */
int work_default(const struct cgw_field *field, struct arena *arena, void *member);

/* ---- model_upload.c ---- */

/* As work_scalar(), of CGW_KIND_UPLOAD. */
void work_upload(struct work *work, const struct work_target *target,
                 const struct work_value *value);
/* What errors say of a file, as JSON. */
void work_upload_json(struct buffer *out, const cgw_upload *upload);

/* ---- constraints; false: an error was added ---- */

bool constraint_integer(struct work *work, const struct work_target *target,
                        const struct lax_integer *integer, const struct work_value *value);
bool constraint_real(struct work *work, const struct work_target *target, double number,
                     const struct work_value *value);
bool constraint_text(struct work *work, const struct work_target *target, cgw_str text,
                     const struct work_value *value);
bool constraint_bytes(struct work *work, const struct work_target *target, cgw_str bytes,
                      const struct work_value *value);
/* Of the list as a whole; input: as JSON text. */
bool constraint_items(struct work *work, const struct cgw_field *field,
                      const struct model_place *place, size_t n, cgw_str input);
/* The largest magnitude that an integer kind holds, on that side of zero. */
uint64_t constraint_most(uint8_t kind, bool is_negative);

/* ---- own validators ---- */

struct cgw_check {
    struct work *work;
    const cgw_model *model;
    const struct model_place *place;   /* of the value, or of the object */
    const struct model_source *source; /* of bind's object; else NULL */
    cgw_str input;                     /* as JSON text; of a decoded object: its text */
    bool is_object;
};
/* Run what there is; the errors say what came of it. */
void work_check_field(struct work *work, const cgw_model *model, size_t index,
                      const struct model_place *place, cgw_str input, const void *member);
void work_check_object(struct work *work, const cgw_model *model, const struct model_place *place,
                       const struct model_source *source, cgw_str input, const void *object);

/* ---- parts of a descriptor ---- */

/* A list in an object: every list of <cgw/model.h> looks like this. */
struct work_list {
    void *items;
    size_t len;
};

/* Its name in JSON, in parameters and in errors. */
static inline const char *work_name(const struct cgw_field *field)
{
    return field->alias ? field->alias : field->name;
}
/* The pair that a field takes: the last of its name, or of headers the first. NULL: none. */
const struct model_pair *work_pair(const struct model_source *source,
                                   const struct cgw_field *field);
/* What errors say of it, as JSON text; ptr NULL: as of work_input(). */
cgw_str work_pair_input(struct work *work, const struct model_source *source,
                        const struct model_pair *pair);
/* The value of the last such key in an object's text, as JSON text; ptr NULL: none. */
cgw_str work_member(struct work *work, cgw_str object, const struct cgw_field *field);
/* The field of that name in JSON, looked for from hint on; n_fields: none. */
size_t work_find(const cgw_model *model, cgw_str name, size_t hint);
/* Into a member of an integer's kind, which can hold it. */
void work_store_integer(uint8_t kind, void *member, bool is_negative, uint64_t magnitude);
#endif
