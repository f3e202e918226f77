/*
 * Models over any bytes: whatever comes, there is an answer; what is refused says why, in text that
 * is JSON itself and not much longer than what was sent; what is taken can be written and read
 * again, to the same text.
 *
 * The first byte chooses the model, and whether the rest is JSON or the pairs of a query.
 */
#include "../unit/model_play.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Own validators that the models name; the unit tests' are linked to Check. */
int play_is_even(cgw_check *check, const void *value)
{
    return *(const int64_t *)value % 2 ? cgw_invalid(check, "odd") : 0;
}

int play_passwords(cgw_check *check, const void *object)
{
    const Signup *signup = object;
    return strcmp(signup->first, signup->second)
               ? cgw_invalid_field(check, "second", "not %s", signup->first)
               : 0;
}

static void must(bool truth)
{
    if (!truth)
        abort();
}

union object {
    Kinds kinds;
    Album album;
    Limits limits;
    Node node;
};

static const cgw_model *model_of(uint8_t choice)
{
    const cgw_model *const models[] = {
        Item_model(),   Kinds_model(),  Hard_model(),    Limits_model(), Album_model(),
        Strict_model(), Filter_model(), Headers_model(), Signup_model(), Node_model()};
    return models[choice % (sizeof models / sizeof *models)];
}

/* "detail" is JSON: any model reads it without json_invalid. */
static void check_detail(struct model_errors *errors, size_t size)
{
    struct arena arena = {0};
    struct model_errors again;
    Headers headers;
    cgw_str detail = model_errors_detail(errors);
    must(detail.ptr && errors->n > 0 && errors->n <= MODEL_ERRORS_MAX);
    must(detail.len < 6 * MODEL_ECHO_MAX + 600 * (size_t)MODEL_ERRORS_MAX + 8 * size);
    model_errors_init(&again, &arena);
    Headers_model()->code->decode(Headers_model(), &arena, detail, NULL, &again, &headers);
    must(again.n == 1 && strstr(again.items[0].text.ptr, "\"missing\""));
    arena_fini(&arena);
}

static cgw_str encoded(const cgw_model *model, struct arena *arena, const void *object)
{
    struct buffer out = BUFFER_IN(arena);
    model->code->encode(model, object, &out);
    return buffer_text(&out);
}

static void check_again(const cgw_model *model, struct arena *arena, const void *object)
{
    struct model_errors errors;
    union object again;
    cgw_str once = encoded(model, arena, object);
    must(once.ptr);
    if (model == Hard_model() || model == Filter_model())
        return; /* a default need not hold to what constrains the field */
    model_errors_init(&errors, arena);
    must(model->code->decode(model, arena, once, NULL, &errors, &again) == CGW_OK);
    cgw_str twice = encoded(model, arena, &again);
    must(once.len == twice.len && memcmp(once.ptr, twice.ptr, once.len) == 0);
}

static size_t split(const char *text, size_t len, struct model_pair *pairs, size_t room)
{
    const char *end = text + len;
    size_t n = 0;
    for (; text < end && n < room; n++) {
        const char *amp = memchr(text, '&', (size_t)(end - text)), *stop = amp ? amp : end;
        const char *equals = memchr(text, '=', (size_t)(stop - text));
        const char *name_end = equals ? equals : stop, *value = equals ? equals + 1 : stop;
        pairs[n].name = (cgw_str){text, (size_t)(name_end - text)};
        pairs[n].value = (cgw_str){value, (size_t)(stop - value)};
        text = amp ? amp + 1 : end;
    }
    return n;
}

static int bind(const cgw_model *model, struct arena *arena, cgw_str text, bool is_header,
                struct model_errors *errors, union object *object)
{
    struct model_pair pairs[64];
    struct model_source source = {.place = is_header ? "header" : "query",
                                  .pairs = pairs,
                                  .n_pairs = split(text.ptr, text.len, pairs, 64),
                                  .is_header = is_header};
    return model->code->bind(model, arena, &source, errors, object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct model_errors errors;
    union object object;
    struct model_place root = {.key = "body", .key_len = 4};
    if (size < 1)
        return 0;
    const cgw_model *model = model_of(data[0] & 63);
    cgw_str text = {(const char *)data + 1, size - 1};
    model_errors_init(&errors, &arena);
    int status = data[0] & 128 ? bind(model, &arena, text, data[0] & 64, &errors, &object)
                               : model->code->decode(model, &arena, text, &root, &errors, &object);
    must(status == CGW_OK || status == CGW_EINVALID);
    if (status)
        check_detail(&errors, size);
    else
        check_again(model, &arena, &object);
    arena_fini(&arena);
    return 0;
}
