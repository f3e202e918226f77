/* See model_play.h. */
#include "model_play.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

int play_is_even(cgw_check *check, const void *value)
{
    int64_t n = *(const int64_t *)value;
    return n % 2 ? cgw_invalid(check, "%lld is not even", (long long)n) : 0;
}

int play_passwords(cgw_check *check, const void *object)
{
    const Signup *signup = object;
    if (strcmp(signup->first, "none") == 0)
        return cgw_invalid(check, "no password at all");
    if (strcmp(signup->first, "mute") == 0)
        return -1;
    if (strcmp(signup->first, signup->second) != 0)
        return cgw_invalid_field(check, "second", "passwords do not match");
    return 0;
}

static void begin(struct play *play)
{
    arena_init(&play->arena, NULL, 0);
    model_errors_init(&play->errors, &play->arena);
}

static void end(struct play *play)
{
    cgw_str array = model_errors_array(&play->errors);
    play->array = array.ptr ? array.ptr : "out of memory";
}

void play_decode_bytes(struct play *play, const cgw_model *model, const char *json, size_t len,
                       void *object)
{
    struct model_place root = {.key = "body", .key_len = 4};
    char *exact = malloc(len ? len : 1); /* so that a read past the end is seen */
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, json, len);
    begin(play);
    play->status = model->code->decode(model, &play->arena, (cgw_str){exact, len}, &root,
                                       &play->errors, object);
    free(exact);
    end(play);
}

void play_decode(struct play *play, const cgw_model *model, const char *json, void *object)
{
    play_decode_bytes(play, model, json, strlen(json), object);
}

static size_t split(char *text, struct model_pair *pairs, size_t room)
{
    size_t n = 0;
    char *rest = NULL;
    for (char *pair = strtok_r(text, "&", &rest); pair && n < room; n++) {
        char *value = strchr(pair, '=');
        *value++ = '\0';
        pairs[n].name = (cgw_str){pair, strlen(pair)};
        pairs[n].value = (cgw_str){value, strlen(value)};
        pair = strtok_r(NULL, "&", &rest);
    }
    return n;
}

void play_bind(struct play *play, const cgw_model *model, const char *place, const char *pairs,
               void *object)
{
    struct model_pair list[40];
    char *copy = strdup(pairs);
    ck_assert_ptr_nonnull(copy);
    struct model_source source = {.place = place,
                                  .pairs = list,
                                  .n_pairs = split(copy, list, 40),
                                  .is_header = strcmp(place, "header") == 0};
    begin(play);
    play->status = model->code->bind(model, &play->arena, &source, &play->errors, object);
    free(copy);
    end(play);
}

void play_fini(struct play *play)
{
    arena_fini(&play->arena);
}

const cgw_model *play_model(const char *name)
{
    const cgw_model *const models[] = {Item_model(),   Kinds_model(),  Hard_model(),
                                       Limits_model(), Image_model(),  Album_model(),
                                       Strict_model(), Filter_model(), Headers_model(),
                                       Signup_model(), Node_model()};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
    return NULL;
}
