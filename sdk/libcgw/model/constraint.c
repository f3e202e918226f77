/* What a field may be held to, in the order in which pydantic looks: only the first that fails is
   told. */
#include "model/work.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* ---- numbers ---- */

static bool is_real(const struct work_target *target)
{
    return target->kind == CGW_KIND_F64;
}

/* A limit as pydantic prints it: in messages as short as can be, in ctx as the field's kind. */
static cgw_str number_text(struct work *work, long double number, bool with_point)
{
    struct buffer out = BUFFER_IN(work->arena);
    if (number == truncl(number) && fabsl(number) < 0x1p64L) {
        buffer_printf(&out, "%.0Lf", number); /* no point, which would be the locale's */
        if (with_point)
            buffer_add_literal(&out, ".0");
    } else {
        json_write_double(&out, (double)number);
    }
    cgw_str text = buffer_text(&out);
    if (!text.ptr)
        work->status = CGW_ENOMEM;
    return text.ptr ? text : (cgw_str){"", 0};
}

static bool refuse_limit(struct work *work, const struct work_target *target, const char *type,
                         const char *key, const char *words, const char *shown, const char *exact,
                         const struct work_value *value)
{
    cgw_str ctx = arena_printf(work->arena, "{\"%s\":%s}", key, exact);
    if (!ctx.ptr)
        work->status = CGW_ENOMEM;
    model_errors_add(work->errors, target->place, type, work_input(work, value), ctx,
                     "Input should be %s %s", words, shown);
    return false;
}

static bool refuse_number(struct work *work, const struct work_target *target, const char *type,
                          const char *key, const char *words, long double limit,
                          const struct work_value *value)
{
    cgw_str shown = number_text(work, limit, false);
    cgw_str exact = number_text(work, limit, is_real(target));
    return refuse_limit(work, target, type, key, words, shown.ptr, exact.ptr, value);
}

/* NaN as a limit compares false: none. */
static bool number_limits(struct work *work, const struct work_target *target,
                          const struct cgw_field *field, long double number,
                          const struct work_value *value)
{
    if (number > field->le)
        return refuse_number(work, target, "less_than_equal", "le", "less than or equal to",
                             field->le, value);
    if (number >= field->lt)
        return refuse_number(work, target, "less_than", "lt", "less than", field->lt, value);
    if (number < field->ge)
        return refuse_number(work, target, "greater_than_equal", "ge", "greater than or equal to",
                             field->ge, value);
    if (number <= field->gt)
        return refuse_number(work, target, "greater_than", "gt", "greater than", field->gt, value);
    return true;
}

uint64_t constraint_most(uint8_t kind, bool is_negative)
{
    static const unsigned char bits[] = {
        [CGW_KIND_I8] = 7, [CGW_KIND_I16] = 15, [CGW_KIND_I32] = 31, [CGW_KIND_I64] = 63,
        [CGW_KIND_U8] = 8, [CGW_KIND_U16] = 16, [CGW_KIND_U32] = 32, [CGW_KIND_U64] = 64};
    uint64_t most = UINT64_MAX >> (64 - bits[kind]);
    bool is_signed = kind <= CGW_KIND_I64;
    return is_negative ? most * is_signed + is_signed : most;
}

/* A kind's own range is a constraint like those that are written. In whole numbers: not each
   machine's long double (nor valgrind's) tells 2^63 from the one below. */
static bool is_in_range(struct work *work, const struct work_target *target,
                        const struct lax_integer *integer, const struct work_value *value)
{
    uint64_t most = constraint_most(target->kind, integer->is_negative);
    char text[24];
    if (!integer->is_huge && integer->magnitude <= most)
        return true;
    snprintf(text, sizeof text, "%s%" PRIu64, integer->is_negative && most ? "-" : "", most);
    if (integer->is_negative)
        return refuse_limit(work, target, "greater_than_equal", "ge", "greater than or equal to",
                            text, text, value);
    return refuse_limit(work, target, "less_than_equal", "le", "less than or equal to", text, text,
                        value);
}

bool constraint_integer(struct work *work, const struct work_target *target,
                        const struct lax_integer *integer, const struct work_value *value)
{
    const struct cgw_field *field = &target->model->fields[target->index];
    long double number = integer->is_huge ? (long double)INFINITY : (long double)integer->magnitude;
    if (integer->is_negative)
        number = -number;
    if (isfinite(number) && fmodl(number, field->multiple_of) != 0 && !isnan(field->multiple_of))
        return refuse_number(work, target, "multiple_of", "multiple_of", "a multiple of",
                             field->multiple_of, value);
    return number_limits(work, target, field, number, value) &&
           is_in_range(work, target, integer, value);
}

/* Doubles are multiples within a billionth of their size: 0.3 is one of 0.1. */
static bool is_multiple(double number, double of)
{
    double rest = fabs(fmod(number, of)), near = fabs(number) / 1e9;
    return rest <= near || fabs(rest - of) <= near;
}

bool constraint_real(struct work *work, const struct work_target *target, double number,
                     const struct work_value *value)
{
    const struct cgw_field *field = &target->model->fields[target->index];
    if (!isnan(field->multiple_of) && !is_multiple(number, (double)field->multiple_of))
        return refuse_number(work, target, "multiple_of", "multiple_of", "a multiple of",
                             field->multiple_of, value);
    return number_limits(work, target, field, number, value);
}

/* ---- text and bytes ---- */

static bool refuse_length(struct work *work, const struct work_target *target, const char *what,
                          bool is_long, uint32_t limit, const struct work_value *value)
{
    const char *type = *what == 'S' ? (is_long ? "string_too_long" : "string_too_short")
                                    : (is_long ? "bytes_too_long" : "bytes_too_short");
    const char *unit = *what == 'S' ? "character" : "byte";
    cgw_str ctx = arena_printf(work->arena, "{\"%s_length\":%u}", is_long ? "max" : "min", limit);
    if (!ctx.ptr)
        work->status = CGW_ENOMEM;
    model_errors_add(work->errors, target->place, type, work_input(work, value), ctx,
                     "%s should have at %s %u %s%s", what, is_long ? "most" : "least", limit, unit,
                     limit == 1 ? "" : "s");
    return false;
}

static bool is_length(struct work *work, const struct work_target *target, const char *what,
                      size_t len, const struct work_value *value)
{
    const struct cgw_field *field = &target->model->fields[target->index];
    if (field->max_len && len > field->max_len)
        return refuse_length(work, target, what, true, field->max_len, value);
    if (len < field->min_len)
        return refuse_length(work, target, what, false, field->min_len, value);
    return true;
}

static bool refuse_pattern(struct work *work, const struct work_target *target,
                           const struct work_value *value)
{
    const char *pattern = target->model->fields[target->index].pattern;
    struct buffer ctx = BUFFER_IN(work->arena);
    buffer_add_literal(&ctx, "{\"pattern\":");
    json_write_string(&ctx, (cgw_str){pattern, strlen(pattern)});
    buffer_add_char(&ctx, '}');
    cgw_str text = buffer_text(&ctx);
    if (!text.ptr)
        work->status = CGW_ENOMEM;
    model_errors_add(work->errors, target->place, "string_pattern_mismatch",
                     work_input(work, value), text, "String should match pattern '%s'", pattern);
    return false;
}

static size_t characters(cgw_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return n;
}

bool constraint_text(struct work *work, const struct work_target *target, cgw_str text,
                     const struct work_value *value)
{
    const struct cgw_field *field = &target->model->fields[target->index];
    bool matches = true;
    if ((field->min_len || field->max_len) &&
        !is_length(work, target, "String", characters(text), value))
        return false;
    if (field->pattern) {
        int status = pattern_matches(target->model, target->index, text, &work->scratch, &matches);
        if (status) {
            work->status = status;
            return false;
        }
    }
    return matches || refuse_pattern(work, target, value);
}

bool constraint_bytes(struct work *work, const struct work_target *target, cgw_str bytes,
                      const struct work_value *value)
{
    return is_length(work, target, "Data", bytes.len, value);
}

/* ---- lists ---- */

bool constraint_items(struct work *work, const struct cgw_field *field,
                      const struct model_place *place, size_t n, cgw_str input)
{
    bool is_long = field->max_items && n > field->max_items;
    uint32_t limit = is_long ? field->max_items : field->min_items;
    if (!is_long && n >= field->min_items)
        return true;
    cgw_str ctx = arena_printf(work->arena,
                               "{\"field_type\":\"List\",\"%s_length\":%u,\"actual_length\":%zu}",
                               is_long ? "max" : "min", limit, n);
    if (!ctx.ptr)
        work->status = CGW_ENOMEM;
    model_errors_add(work->errors, place, is_long ? "too_long" : "too_short", input, ctx,
                     "List should have at %s %u item%s after validation, not %zu",
                     is_long ? "most" : "least", limit, limit == 1 ? "" : "s", n);
    return false;
}
