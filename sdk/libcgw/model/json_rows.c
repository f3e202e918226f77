/* Brackets and commas; all else is the buffer's and the encoder's. */
#include "model/json_rows.h"
#include "model/encode.h"

int json_rows_begin(struct json_rows *rows, const cgw_model *model, struct buffer *out)
{
    *rows = (struct json_rows){.model = model, .out = out};
    buffer_add_char(out, '[');
    return out->status;
}

int json_rows_add(struct json_rows *rows, const void *object)
{
    if (rows->has_row)
        buffer_add_char(rows->out, ',');
    rows->has_row = true;
    encode_object(rows->model, object, rows->out);
    return rows->out->status;
}

int json_rows_end(struct json_rows *rows)
{
    buffer_add_char(rows->out, ']');
    return buffer_flush(rows->out);
}
