/* What is wrong with a model: struct cgw_model_code.prepare, see model.h. */
#ifndef MODEL_MODEL_PREPARE_H
#define MODEL_MODEL_PREPARE_H
#include "model/model.h"

const char *model_prepare(const cgw_model *model, struct arena *arena);
#endif
