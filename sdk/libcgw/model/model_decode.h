/* JSON text into an object: struct cgw_model_code.decode, see model.h. */
#ifndef MODEL_MODEL_DECODE_H
#define MODEL_MODEL_DECODE_H
#include "model/model.h"

int model_decode(const cgw_model *model, struct arena *arena, cgw_str json,
                 const struct model_place *root, struct model_errors *errors, void *object);
#endif
