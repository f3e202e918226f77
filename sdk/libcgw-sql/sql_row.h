/*
 * Rows into objects: which column each field takes, and what of a column's types a field takes. It
 * knows no database: cells come through a function. A row that does not fit is -EBADMSG, and the
 * job says which column, and why.
 *
 *   integers   integers that fit                    f64        reals and integers
 *   bool       0 and 1                              str, text  text (str: without NUL)
 *   bytes      blobs                                uuid       text, blobs of 16 bytes
 *   datetime   text; integers: seconds since 1970   enum       the name as text, the number
 *   model, list   JSON text
 */
#ifndef SQL_SQL_ROW_H
#define SQL_SQL_ROW_H
#include "sql.h"

enum sql_cell_kind { SQL_CELL_NULL, SQL_CELL_INTEGER, SQL_CELL_REAL, SQL_CELL_TEXT, SQL_CELL_BLOB };
struct sql_cell {
    enum sql_cell_kind kind;
    int64_t integer;
    double real;
    cgw_str bytes; /* until the next row */
};

struct sql_row_source {
    void (*cell)(void *statement, int column, struct sql_cell *ret_cell);
    const char *(*name)(void *statement, int column);
    void *statement;
    int n_columns;
};

/* The column of each field, or -1. */
void sql_row_plan(const cgw_model *model, const struct sql_row_source *source, int16_t *columns);
/* The row into *object, overwritten whole; memory is the job's. CGW_OK or a code, and the job says
   why. */
int sql_row_read(struct sql_job *job, const struct sql_row_source *source, const int16_t *columns,
                 void *object);
/* The first column into *out, of the kind of the model's first field: 1; 0: it is NULL; a code. */
int sql_row_scalar(struct sql_job *job, const struct sql_row_source *source, void *out);
#endif
