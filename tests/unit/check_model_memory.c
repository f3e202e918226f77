/*
 * Out of memory, at every place: the allocator that is linked here fails at the nth call, for every
 * n, until all goes well. Each time the answer is CGW_ENOMEM and nothing is lost. PCRE2 allocates
 * by it too.
 */
#include "base/memory.h"
#include "model_play.h"
#include "unit.h"

static size_t left = SIZE_MAX; /* calls until memory is out, for good */
static size_t held;            /* pieces that are not given back */

static bool is_out(void)
{
    if (left == 0)
        return true;
    left -= left != SIZE_MAX;
    return false;
}

void *memory_alloc(size_t bytes)
{
    void *p = is_out() ? NULL : malloc(bytes);
    held += p != NULL;
    return p;
}

void *memory_zalloc(size_t bytes)
{
    void *p = is_out() ? NULL : calloc(1, bytes);
    held += p != NULL;
    return p;
}

void *memory_grow(void *old, size_t bytes)
{
    void *p = is_out() ? NULL : realloc(old, bytes);
    held += p != NULL && !old;
    return p;
}

void memory_free(void *p)
{
    held -= p != NULL;
    free(p);
}

static const struct {
    const char *model, *json;
    int status;
} inputs[] = {
    {"Album",
     "{\"t\\u0069tle\":\"a\\u00e4\",\"cover\":{\"url\":\"u\",\"name\":\"n\"},\"numbers\":[1,2,3,4,"
     "5,6,7,8],"
     "\"images\":[{\"url\":\"u\",\"name\":\"n\"}],\"colours\":[\"red\"],\"tags\":[\"abc\"]}",
     CGW_OK},
    {"Hard", "{}", CGW_OK},
    {"Kinds", "{\"bytes\":\"AAAA\",\"i64\":\"1_000\",\"f64\":\"1_0.5\"}", CGW_OK},
    {"Limits", "{\"fixed\":\"fixedquery\"}", CGW_OK},
    {"Limits",
     "{\"gt\":1,\"fgt\":-1,\"one\":\"\",\"data\":\"\",\"fixed\":\"x\",\"tenth\":0.05,\"x\":[1,2]}",
     CGW_EINVALID},
    {"Hard",
     "{\"i64\":\"x\",\"bytes\":\"!\",\"uuid\":\"x\",\"datetime\":\"x\",\"colour\":\"x\",\"str\":[1]"
     "}",
     CGW_EINVALID},
    {"Album", "{\"numbers\":[],\"images\":[1,2,3,4,5]}", CGW_EINVALID},
    {"Signup", "{\"password\":\"a\",\"repeated\":\"b\"}", CGW_EINVALID},
    {"Signup", "{\"password\":\"none\",\"repeated\":\"b\"}", CGW_EINVALID},
    {"Item", "{\"name\":\"a\"} x", CGW_EINVALID},
};

/* A small first block, so that each piece asks the heap early. */
static int decode(const cgw_model *model, const char *json, bool *has_detail)
{
    union {
        Kinds kinds;
        Album album;
        Limits limits;
    } object;
    struct arena arena;
    struct model_errors errors;
    struct model_place root = {.key = "body", .key_len = 4};
    arena_init(&arena, NULL, 0);
    model_errors_init(&errors, &arena);
    int status =
        model->code->decode(model, &arena, (cgw_str){json, strlen(json)}, &root, &errors, &object);
    *has_detail = model_errors_detail(&errors).ptr != NULL;
    arena_fini(&arena);
    return status;
}

START_TEST(answers_when_memory_is_out)
{
    const cgw_model *model = play_model(inputs[_i].model);
    size_t n = 0;
    int status = CGW_ENOMEM;
    bool has_detail = false;
    for (; n < 1000 && (status == CGW_ENOMEM || !has_detail); n++) {
        size_t before = held, compiled = *model->cache != NULL;
        left = n;
        status = decode(model, inputs[_i].json, &has_detail);
        left = SIZE_MAX;
        ck_assert(status == CGW_ENOMEM || status == inputs[_i].status);
        if (compiled == (*model->cache != NULL)) /* patterns stay */
            ck_assert_uint_eq(held, before);
    }
    ck_assert_uint_lt(n, 1000);
    ck_assert_uint_gt(n, 1);
    ck_assert_int_eq(status, inputs[_i].status);
}
END_TEST

START_TEST(prepares_when_memory_is_out)
{
    const char *why = "";
    for (size_t n = 0; n < 1000 && why; n++) {
        struct arena arena = {0};
        left = n;
        why = Limits_model()->code->prepare(Limits_model(), &arena);
        left = SIZE_MAX;
        if (why)
            ck_assert_str_eq(why, "out of memory");
        arena_fini(&arena);
    }
    ck_assert_ptr_null(why);
}
END_TEST

START_TEST(binds_when_memory_is_out)
{
    struct model_pair pairs[] = {{CGW_STR("numbers"), CGW_STR("1")},
                                 {CGW_STR("numbers"), CGW_STR("x")},
                                 {CGW_STR("title"), CGW_STR("t")}};
    struct model_source source = {.place = "query", .pairs = pairs, .n_pairs = 3};
    int status = CGW_ENOMEM;
    for (size_t n = 0; n < 1000 && status == CGW_ENOMEM; n++) {
        struct arena arena = {0};
        struct model_errors errors;
        Album album;
        model_errors_init(&errors, &arena);
        left = n;
        status = Album_model()->code->bind(Album_model(), &arena, &source, &errors, &album);
        left = SIZE_MAX;
        arena_fini(&arena);
        ck_assert_uint_eq(held, 0);
    }
    ck_assert_int_eq(status, CGW_EINVALID);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model_memory");
    TCase *tcase = tcase_create("memory");
    tcase_add_loop_test(tcase, answers_when_memory_is_out, 0,
                        (int)(sizeof inputs / sizeof *inputs));
    tcase_add_test(tcase, prepares_when_memory_is_out);
    tcase_add_test(tcase, binds_when_memory_is_out);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
