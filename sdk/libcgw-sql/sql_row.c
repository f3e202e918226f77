/* Cells to members; see sql_row.h for what fits. */
#include "sql_row.h"
#include "model/datetime.h"
#include "model/work.h"
#include "sql_json.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One cell on its way; why: what is wrong with it. */
struct reading {
    struct sql_job *job;
    const struct cgw_field *field;
    const struct sql_cell *cell;
    const char *why;
};

static int refuse(struct reading *reading, const char *why)
{
    reading->why = why;
    return -EBADMSG;
}

static int wrong_type(struct reading *reading)
{
    static const char *const why[] = {[SQL_CELL_NULL] = "it is NULL",
                                      [SQL_CELL_INTEGER] = "it is an integer",
                                      [SQL_CELL_REAL] = "it is a real number",
                                      [SQL_CELL_TEXT] = "it is text",
                                      [SQL_CELL_BLOB] = "it is a blob"};
    return refuse(reading, why[reading->cell->kind]);
}

/* ---- numbers ---- */

static int integer(struct reading *reading, void *member)
{
    const struct sql_cell *cell = reading->cell;
    uint8_t kind = reading->field->kind;
    bool is_negative = cell->integer < 0;
    uint64_t magnitude = is_negative ? 0 - (uint64_t)cell->integer : (uint64_t)cell->integer;
    if (cell->kind != SQL_CELL_INTEGER)
        return wrong_type(reading);
    if (magnitude > constraint_most(kind, is_negative))
        return refuse(reading, "it is too large");
    work_store_integer(kind, member, is_negative, magnitude);
    return CGW_OK;
}

static int real(struct reading *reading, double *member)
{
    const struct sql_cell *cell = reading->cell;
    if (cell->kind != SQL_CELL_REAL && cell->kind != SQL_CELL_INTEGER)
        return wrong_type(reading);
    *member = cell->kind == SQL_CELL_REAL ? cell->real : (double)cell->integer;
    return CGW_OK;
}

static int truth(struct reading *reading, bool *member)
{
    const struct sql_cell *cell = reading->cell;
    if (cell->kind != SQL_CELL_INTEGER)
        return wrong_type(reading);
    if (cell->integer != 0 && cell->integer != 1)
        return refuse(reading, "it is neither 0 nor 1");
    *member = cell->integer;
    return CGW_OK;
}

/* ---- bytes ---- */

/* Counted, as an answer has a limit. */
static int copy(struct reading *reading, cgw_str *ret_text)
{
    cgw_str bytes = reading->cell->bytes;
    struct sql_job *job = reading->job;
    if (bytes.len > SQL_RESULT_BYTES - job->bytes)
        return CGW_ETOOBIG;
    job->bytes += bytes.len;
    char *ptr = arena_copy(&job->arena, bytes.ptr, bytes.len);
    *ret_text = (cgw_str){ptr, bytes.len};
    return ptr ? CGW_OK : CGW_ENOMEM;
}

static int string(struct reading *reading, const char **member)
{
    cgw_str bytes = reading->cell->bytes, text = {NULL, 0};
    if (reading->cell->kind != SQL_CELL_TEXT)
        return wrong_type(reading);
    if (bytes.len && memchr(bytes.ptr, '\0', bytes.len))
        return refuse(reading, "there is a NUL in it");
    int status = copy(reading, &text);
    *member = text.ptr;
    return status;
}

static int bytes_of(struct reading *reading, enum sql_cell_kind kind, cgw_str *member)
{
    return reading->cell->kind == kind ? copy(reading, member) : wrong_type(reading);
}

/* ---- what is more than that ---- */

static int uuid(struct reading *reading, cgw_uuid *member)
{
    const struct sql_cell *cell = reading->cell;
    if (cell->kind == SQL_CELL_BLOB && cell->bytes.len == sizeof(member->bytes)) {
        memcpy(member->bytes, cell->bytes.ptr, sizeof(member->bytes));
        return CGW_OK;
    }
    if (cell->kind != SQL_CELL_TEXT)
        return wrong_type(reading);
    return cgw_uuid_parse(cell->bytes, member) == CGW_OK ? CGW_OK
                                                         : refuse(reading, "it is no UUID");
}

static int moment(struct reading *reading, cgw_datetime *member)
{
    const struct sql_cell *cell = reading->cell;
    const char *why;
    int status = CGW_EINVALID;
    if (cell->kind == SQL_CELL_INTEGER)
        status = datetime_from_i64(cell->integer, member, &why);
    else if (cell->kind == SQL_CELL_TEXT)
        status = cgw_datetime_parse(cell->bytes, member);
    else
        return wrong_type(reading);
    return status == CGW_OK ? CGW_OK : refuse(reading, "it is no moment");
}

static bool is_value(const struct sql_cell *cell, const struct cgw_enum_value *value)
{
    if (cell->kind == SQL_CELL_INTEGER)
        return cell->integer == value->value;
    return strlen(value->name) == cell->bytes.len &&
           memcmp(value->name, cell->bytes.ptr, cell->bytes.len) == 0;
}

static int constant(struct reading *reading, int *member)
{
    const cgw_enum *values = reading->field->values();
    enum sql_cell_kind kind = reading->cell->kind;
    if (kind != SQL_CELL_INTEGER && kind != SQL_CELL_TEXT)
        return wrong_type(reading);
    for (size_t i = 0; i < values->n_values; i++)
        if (is_value(reading->cell, &values->values[i])) {
            *member = values->values[i].value;
            return CGW_OK;
        }
    return refuse(reading, "the enumeration does not have it");
}

static int json(struct reading *reading, void *member)
{
    struct sql_job *job = reading->job;
    cgw_str text = reading->cell->bytes;
    if (reading->cell->kind != SQL_CELL_TEXT)
        return wrong_type(reading);
    if (text.len > SQL_RESULT_BYTES - job->bytes)
        return CGW_ETOOBIG;
    job->bytes += text.len;
    int status = sql_json_read(reading->field, text, &job->arena, member);
    return status == CGW_EINVALID ? refuse(reading, "it is no such JSON") : status;
}

static int value(struct reading *reading, void *member)
{
    switch (reading->field->kind) {
    case CGW_KIND_F64:
        return real(reading, member);
    case CGW_KIND_BOOL:
        return truth(reading, member);
    case CGW_KIND_STR:
        return string(reading, member);
    case CGW_KIND_TEXT:
        return bytes_of(reading, SQL_CELL_TEXT, member);
    case CGW_KIND_BYTES:
        return bytes_of(reading, SQL_CELL_BLOB, member);
    case CGW_KIND_UUID:
        return uuid(reading, member);
    case CGW_KIND_DATETIME:
        return moment(reading, member);
    case CGW_KIND_ENUM:
        return constant(reading, member);
    case CGW_KIND_MODEL:
    case CGW_KIND_LIST:
        return json(reading, member);
    default:
        return integer(reading, member);
    }
}

/* ---- rows ---- */

static int column_of(const char *name, const struct sql_row_source *source)
{
    for (int i = 0; name && i < source->n_columns; i++) {
        const char *column = source->name(source->statement, i);
        if (column && strcmp(name, column) == 0)
            return i;
    }
    return -1;
}

void sql_row_plan(const cgw_model *model, const struct sql_row_source *source, int16_t *columns)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        int column = column_of(model->fields[i].name, source);
        if (column < 0)
            column = column_of(model->fields[i].alias, source);
        columns[i] = (int16_t)column;
    }
}

static void set_presence(const cgw_model *model, void *object, size_t index,
                         enum cgw_presence presence)
{
    uint8_t *bits = (uint8_t *)object + model->presence;
    bits[index / 4] = (uint8_t)(bits[index / 4] | (unsigned)presence << index % 4 * 2);
}

static int absent(struct sql_job *job, size_t index, void *object)
{
    const struct cgw_field *field = &job->model->fields[index];
    bool has_default = field->def_str || field->def == field->def;
    if (!has_default && !field->opt)
        return sql_job_fail(job, -EBADMSG, "no column for %s.%s", job->model->name, field->name);
    set_presence(job->model, object, index, has_default ? CGW_DEFAULT : CGW_ABSENT);
    return has_default ? work_default(field, &job->arena, (char *)object + field->offset) : CGW_OK;
}

static int field_of(struct sql_job *job, const struct sql_row_source *source, int column,
                    size_t index, void *object)
{
    struct sql_cell cell;
    const struct cgw_field *field = &job->model->fields[index];
    struct reading reading = {.job = job, .field = field, .cell = &cell};
    source->cell(source->statement, column, &cell);
    if (cell.kind == SQL_CELL_NULL && (field->opt || field->null)) {
        set_presence(job->model, object, index, CGW_NULL);
        return CGW_OK;
    }
    int status = value(&reading, (char *)object + field->offset);
    if (status == -EBADMSG)
        sql_job_fail(job, status, "column %s does not fit %s.%s: %s",
                     source->name(source->statement, column), job->model->name, field->name,
                     reading.why);
    else if (status == CGW_ETOOBIG)
        sql_job_fail(job, status, "column %s for %s.%s: more than is taken of one result",
                     source->name(source->statement, column), job->model->name, field->name);
    return status;
}

int sql_row_read(struct sql_job *job, const struct sql_row_source *source, const int16_t *columns,
                 void *object)
{
    memset(object, 0, job->model->size);
    for (size_t i = 0; i < job->model->n_fields; i++) {
        int status =
            columns[i] < 0 ? absent(job, i, object) : field_of(job, source, columns[i], i, object);
        if (status != CGW_OK)
            return status;
    }
    return CGW_OK;
}

int sql_row_scalar(struct sql_job *job, const struct sql_row_source *source, void *out)
{
    struct sql_cell cell;
    struct reading reading = {.job = job, .field = &job->model->fields[0], .cell = &cell};
    if (source->n_columns < 1)
        return sql_job_fail(job, CGW_EINVAL, "the statement has no column");
    source->cell(source->statement, 0, &cell);
    if (cell.kind == SQL_CELL_NULL)
        return 0;
    int status = value(&reading, out);
    if (status == -EBADMSG)
        sql_job_fail(job, status, "column %s does not fit: %s", source->name(source->statement, 0),
                     reading.why);
    return status == CGW_OK ? 1 : status;
}
