/*
 * An object as compact JSON, straight from its model: each field in the order of the model, under
 * its alias where it has one; hidden ones and absent ones not at all. A text, string or bytes whose
 * pointer is NULL is null, a list without items []; NaN and the infinities are null.
 * out->status says whether it went well; besides the buffer's own, CGW_EINVAL: something in the
 * object has no JSON (a number that its enumeration does not name, a moment beyond the years 1 to
 * 9999 or the zones of a day, more than ENCODE_DEPTH lists and objects within each other).
 * [any-thread]
 */
#ifndef MODEL_ENCODE_H
#define MODEL_ENCODE_H
#include "base/buffer.h"
#include <cgw/model.h>

#define ENCODE_DEPTH 80 /* deeper than is read: what was read may be wrapped */

void encode_object(const cgw_model *model, const void *object, struct buffer *out);
#endif
