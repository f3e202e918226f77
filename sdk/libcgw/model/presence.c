/* Two bits for each field, in the order of the fields, at the end of every object. */
#include "model/model.h"

static size_t index_at(const cgw_model *model, size_t offset)
{
    size_t i = 0;
    while (i < model->n_fields && model->fields[i].offset != offset)
        i++;
    return i;
}

enum cgw_presence cgw__presence(const cgw_model *model, const void *object, size_t offset)
{
    size_t i = index_at(model, offset);
    const uint8_t *bits = (const uint8_t *)object + model->presence;
    return i < model->n_fields ? bits[i / 4] >> i % 4 * 2 & 3 : CGW_ABSENT;
}

void cgw__set_presence(const cgw_model *model, void *object, size_t offset,
                       enum cgw_presence presence)
{
    size_t i = index_at(model, offset);
    uint8_t *bits = (uint8_t *)object + model->presence;
    if (i == model->n_fields)
        return;
    unsigned shift = i % 4 * 2;
    bits[i / 4] = (uint8_t)((bits[i / 4] & ~(3u << shift)) | (unsigned)presence << shift);
}
