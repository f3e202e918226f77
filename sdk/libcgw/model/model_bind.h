/* Parameters into an object: struct cgw_model_code.bind, see model.h. */
#ifndef MODEL_MODEL_BIND_H
#define MODEL_MODEL_BIND_H
#include "model/model.h"

int model_bind(const cgw_model *model, struct arena *arena, const struct model_source *source,
               struct model_errors *errors, void *object);
#endif
