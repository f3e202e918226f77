/*
 * A JSON list of objects of one model, row by row, through a buffer whose flush sends: the memory
 * is the buffer's, however long the list. Each function answers out->status, which sticks; encode.h
 * says what else than the buffer's it may be. Suspends where flush does.
 */
#ifndef MODEL_JSON_ROWS_H
#define MODEL_JSON_ROWS_H
#include "base/buffer.h"
#include <cgw/model.h>

struct json_rows {
    const cgw_model *model;
    struct buffer *out; /* the caller's, which lives as long as the list */
    bool has_row;
};

int json_rows_begin(struct json_rows *rows, const cgw_model *model, struct buffer *out);
/* One object behind the others; it is the caller's again at once. */
int json_rows_add(struct json_rows *rows, const void *object);
/* Close the list and flush what is left. */
int json_rows_end(struct json_rows *rows);
#endif
