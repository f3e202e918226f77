/*
 * What models and enumerations are called among the components of a document. Each file that
 * includes a model's header has a descriptor of its own, so two of one name are the same where they
 * say the same; where they do not, the second is called NAME_2.
 */
#ifndef OPENAPI_NAMES_H
#define OPENAPI_NAMES_H
#include "base/arena.h"
#include <cgw/model.h>

struct name {
    const char *text;
    const cgw_model *model; /* or NULL */
    const cgw_enum *values; /* or NULL */
};

struct names {
    struct arena *arena;
    struct name *items; /* in the order in which they were asked for */
    size_t n, room;
    int status; /* CGW_OK or CGW_ENOMEM */
};

/* Of the arena; "" without memory. */
const char *names_of_model(struct names *names, const cgw_model *model);
const char *names_of_enum(struct names *names, const cgw_enum *values);
/* What stands for the text as a key of the components, which have letters, digits, '.', '_' and '-'
   alone: in C a name may have others. NULL: out of memory. */
const char *names_key(struct arena *arena, const char *text);
#endif
