/*
 * The errors: the table (tests/unit/model_table.txt) that holds ours beside FastAPI's, and the list
 * itself: its bounds, its order, and what is echoed.
 */
#include "model_play.h"
#include "unit.h"
#include <stdio.h>

/* ---- the table ---- */

enum { BLOCK_BYTES = 16 << 10 };

struct block {
    char text[BLOCK_BYTES]; /* lines, what continues them joined */
    const char *title, *input, *theirs, *ours, *why;
};

static FILE *open_table(void)
{
    char path[4096];
    const char *source = getenv("srcdir");
    snprintf(path, sizeof path, "%s/tests/unit/model_table.txt", source ? source : ".");
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s cannot be read", path);
    return file;
}

static void take_line(struct block *block, char *line, size_t *len)
{
    size_t n = strcspn(line, "\n"), skip = strspn(line, " ");
    bool joins = skip && *len;
    if (joins)
        (*len)--;
    ck_assert_uint_lt(*len + n + 1, sizeof block->text);
    memcpy(block->text + *len, line + skip, n - skip);
    *len += n - skip;
    block->text[(*len)++] = '\0';
}

/* The next block's lines; 0: there is none. */
static size_t read_lines(FILE *file, struct block *block)
{
    char line[BLOCK_BYTES];
    size_t len = 0;
    while (fgets(line, sizeof line, file)) {
        if (*line == '#')
            continue;
        if (*line != '\n')
            take_line(block, line, &len);
        else if (len)
            break;
    }
    return len;
}

static bool read_block(FILE *file, struct block *block)
{
    size_t len = read_lines(file, block);
    const char *end = block->text + len;
    if (!len)
        return false;
    block->title = block->text;
    block->input = block->title + strlen(block->title) + 1;
    block->theirs = block->ours = block->why = NULL;
    for (const char *line = block->input; line < end; line += strlen(line) + 1) {
        if (strncmp(line, "theirs ", 7) == 0)
            block->theirs = line + 7;
        if (strncmp(line, "ours ", 5) == 0)
            block->ours = line + 5;
        if (strncmp(line, "why ", 4) == 0)
            block->why = line + 4;
    }
    ck_assert_msg(block->theirs != NULL, "%s: has no theirs", block->title);
    ck_assert_msg(!block->ours == !block->why, "%s: ours needs a why", block->title);
    return true;
}

static void check_block(const struct block *block)
{
    union {
        Kinds kinds;
        Limits limits;
        Album album;
    } object;
    struct play play;
    char model[20] = "", place[20] = "";
    int at = 0;
    sscanf(block->input, "%19s %19s%n", model, place, &at);
    const char *input = block->input + at + (block->input[at] == ' ');
    const char *want = block->ours ? block->ours : block->theirs;
    ck_assert_msg(play_model(model) != NULL, "%s: no model %s", block->title, model);
    ck_assert_uint_le(play_model(model)->size, sizeof object);
    if (strcmp(place, "body") == 0)
        play_decode(&play, play_model(model), input, &object);
    else
        play_bind(&play, play_model(model), strcmp(place, "body-form") ? place : "body", input,
                  &object);
    ck_assert_msg(strcmp(play.array, want) == 0, "%s:\nis   %s\nwant %s", block->title, play.array,
                  want);
    ck_assert_int_eq(play.status, strcmp(want, "[]") ? CGW_EINVALID : CGW_OK);
    play_fini(&play);
}

START_TEST(holds_the_table)
{
    FILE *file = open_table();
    struct block *block = malloc(sizeof *block);
    size_t n = 0;
    for (; read_block(file, block); n++)
        check_block(block);
    ck_assert_uint_gt(n, 70);
    free(block);
    fclose(file);
}
END_TEST

/* ---- the list ---- */

static const cgw_str none = {NULL, 0};

static void add(struct model_errors *errors, const char *type, size_t rank)
{
    size_t before = errors->n;
    model_errors_add(errors, NULL, type, none, none, "%s", type);
    model_errors_rank(errors, before, rank);
}

START_TEST(brings_errors_into_order)
{
    struct arena arena = {0};
    struct model_errors errors;
    model_errors_init(&errors, &arena);
    add(&errors, "kept", 9);
    add(&errors, "c", 2);
    add(&errors, "a", 0);
    add(&errors, "gone", 1);
    add(&errors, "d", 2);
    model_errors_forget(&errors, 1, 1);
    model_errors_sort(&errors, 1);
    ck_assert_str_eq(model_errors_array(&errors).ptr,
                     "[{\"type\":\"kept\",\"loc\":[],\"msg\":\"kept\",\"input\":null},"
                     "{\"type\":\"a\",\"loc\":[],\"msg\":\"a\",\"input\":null},"
                     "{\"type\":\"c\",\"loc\":[],\"msg\":\"c\",\"input\":null},"
                     "{\"type\":\"d\",\"loc\":[],\"msg\":\"d\",\"input\":null}]");
    model_errors_cut(&errors, 0);
    ck_assert_str_eq(model_errors_detail(&errors).ptr, "{\"detail\":[]}");
    arena_fini(&arena);
}
END_TEST

START_TEST(writes_places_and_escapes)
{
    struct arena arena = {0};
    struct model_errors errors;
    model_errors_init(&errors, &arena);
    struct model_place root = {.key = "body", .key_len = 4}, item = {.above = &root, .index = 3},
                       key = {.above = &item, .key = "a\"\n", .key_len = 3};
    model_errors_add(&errors, &key, "t",
                     (cgw_str)CGW_STR(" { \"a b\" : [ 1 ,\t2 ] , \"\\\" \" :\n3}"),
                     (cgw_str)CGW_STR("{\"n\":1}"), "say \"%d\"", 5);
    ck_assert_str_eq(model_errors_array(&errors).ptr,
                     "[{\"type\":\"t\",\"loc\":[\"body\",3,\"a\\\"\\n\"],\"msg\":\"say \\\"5\\\"\","
                     "\"input\":{\"a b\":[1,2],\"\\\" \":3},\"ctx\":{\"n\":1}}]");
    arena_fini(&arena);
}
END_TEST

START_TEST(ends_at_the_hundredth)
{
    char json[8 + 200 * 4], *end = json;
    struct play play;
    Album album;
    end = stpcpy(end, "{\"tags\":[");
    for (int i = 0; i < 150; i++)
        end = stpcpy(end, "1,");
    stpcpy(end - 1, "]}");
    play_decode(&play, Album_model(), json, &album);
    ck_assert_int_eq(play.status, CGW_EINVALID);
    ck_assert_uint_eq(play.errors.n, MODEL_ERRORS_MAX);
    ck_assert_ptr_nonnull(strstr(play.array, "[\"body\",\"tags\",99]"));
    ck_assert_ptr_null(strstr(play.array, "[\"body\",\"tags\",100]"));
    ck_assert_ptr_null(strstr(play.array, "missing")); /* reading has stopped there */
    play_fini(&play);
}
END_TEST

START_TEST(echoes_only_so_much)
{
    size_t len = MODEL_ECHO_MAX / 2 - 200;
    char *json = malloc(4 * len), *end = json;
    struct play play;
    Hard hard;
    ck_assert_ptr_nonnull(json);
    const char *const fields[] = {"i64", "f64", "yes"};
    for (size_t i = 0; i < 3; i++) {
        end = stpcpy(stpcpy(stpcpy(end, i ? ",\"" : "{\""), fields[i]), "\":\"");
        memset(end, 'x', len);
        end = stpcpy(end + len, "\"");
    }
    stpcpy(end, "}");
    play_decode(&play, Hard_model(), json, &hard);
    ck_assert_uint_eq(play.errors.n, 3);
    ck_assert_uint_lt(strlen(play.array), MODEL_ECHO_MAX + 2000);
    ck_assert_ptr_nonnull(strstr(play.array, "unable to interpret input\"}]")); /* without input */
    free(json);
    play_fini(&play);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model_errors");
    TCase *tcase = tcase_create("errors");
    tcase_add_test(tcase, holds_the_table);
    tcase_add_test(tcase, brings_errors_into_order);
    tcase_add_test(tcase, writes_places_and_escapes);
    tcase_add_test(tcase, ends_at_the_hundredth);
    tcase_add_test(tcase, echoes_only_so_much);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
