/* The machinery as models name it, so that a program without models does not link it. */
#include "model/encode.h"
#include "model/model_bind.h"
#include "model/model_decode.h"
#include "model/model_prepare.h"

const struct cgw_model_code cgw__model_code = {
    .decode = model_decode, .bind = model_bind, .encode = encode_object, .prepare = model_prepare};
