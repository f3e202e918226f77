/*
 * The special problem of patterns: one of them, and a text that is made for it, can keep a
 * backtracking engine busy for years. PCRE2's own limit counts per place where a match may begin,
 * so a long text multiplies it. Hence a callout at each item of the pattern: it pays for itself and
 * for the characters that were passed since the last, out of one budget for all searches of a body,
 * to which each text adds in proportion to its length.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/pattern.h"
#include "base/memory.h"
#include <pcre2.h>

#define SUBJECT_BYTES  ((size_t)64 << 10) /* at most */
#define STEPS          1000000            /* that may be saved up */
#define STEPS_EACH     100 /* and what each text brings along: there may be thousands of them */
#define STEPS_PER_BYTE 16
#define HEAP_KIB       1024
#define OPTIONS \
    (PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT)

/* Of a model, behind its cache: one for each field, NULL without a pattern or where it is bad. */
struct patterns {
    size_t n;
    pcre2_code *codes[];
};

struct pattern_scratch {
    pcre2_match_data *data;
    pcre2_match_context *limits;
    size_t steps; /* left */
    size_t place; /* of the last callout */
};

static void *take(PCRE2_SIZE bytes, void *unused)
{
    (void)unused;
    return memory_alloc(bytes);
}

static void give(void *p, void *unused)
{
    (void)unused;
    memory_free(p);
}

static pcre2_code *compile(const char *pattern, int *ret_error, PCRE2_SIZE *ret_offset)
{
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *context = memory ? pcre2_compile_context_create(memory) : NULL;
    pcre2_code *code = NULL;
    *ret_error = PCRE2_ERROR_NOMEMORY;
    if (context)
        code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, OPTIONS, ret_error,
                             ret_offset, context);
    pcre2_compile_context_free(context);
    pcre2_general_context_free(memory);
    return code;
}

/* Out of memory while compiling, be it ours or PCRE2's. */
static bool is_no_memory(int error)
{
    return error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_HEAP_FAILED;
}

static void patterns_free(struct patterns *patterns)
{
    for (size_t i = 0; patterns && i < patterns->n; i++)
        pcre2_code_free(patterns->codes[i]);
    memory_free(patterns);
}

static struct patterns *patterns_new(const cgw_model *model)
{
    size_t n = model->n_fields;
    struct patterns *patterns = memory_zalloc(sizeof *patterns + n * sizeof *patterns->codes);
    if (!patterns)
        return NULL;
    patterns->n = n;
    for (size_t i = 0; i < n; i++) {
        int error = 0;
        PCRE2_SIZE offset;
        if (model->fields[i].pattern)
            patterns->codes[i] = compile(model->fields[i].pattern, &error, &offset);
        if (model->fields[i].pattern && !patterns->codes[i] && is_no_memory(error)) {
            patterns_free(patterns);
            return NULL;
        }
    }
    return patterns;
}

/* The model's patterns; NULL: out of memory. */
static const struct patterns *patterns_get(const cgw_model *model)
{
    void *now = __atomic_load_n(model->cache, __ATOMIC_ACQUIRE);
    if (now)
        return now;
    struct patterns *mine = patterns_new(model);
    if (mine && !__atomic_compare_exchange_n(model->cache, &now, mine, false, __ATOMIC_ACQ_REL,
                                             __ATOMIC_ACQUIRE)) {
        patterns_free(mine);
        return now;
    }
    return mine;
}

int pattern_prepare(const cgw_model *model)
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (model->fields[i].pattern)
            return patterns_get(model) ? CGW_OK : CGW_ENOMEM;
    return CGW_OK;
}

const char *pattern_fault(const cgw_model *model, size_t index, struct arena *arena,
                          int *ret_status)
{
    int error;
    PCRE2_SIZE offset = 0;
    unsigned char why[120];
    pcre2_code *code = compile(model->fields[index].pattern, &error, &offset);
    *ret_status = CGW_OK;
    if (code) {
        pcre2_code_free(code);
        return NULL;
    }
    if (pcre2_get_error_message(error, why, sizeof why) < 0)
        why[0] = '\0';
    cgw_str text = arena_printf(arena, "%s at %zu", (const char *)why, (size_t)offset);
    if (is_no_memory(error) || !text.ptr)
        *ret_status = CGW_ENOMEM;
    return text.ptr;
}

static int pay(pcre2_callout_block *block, void *arg)
{
    struct pattern_scratch *scratch = arg;
    size_t here = block->current_position, there = scratch->place;
    size_t price = 1 + (here > there ? here - there : there - here) / 8;
    scratch->place = here;
    if (scratch->steps < price)
        return PCRE2_ERROR_CALLOUT;
    scratch->steps -= price;
    return 0;
}

/* With the memory functions that the code was compiled with. */
static struct pattern_scratch *scratch_new(void)
{
    struct pattern_scratch *scratch = memory_zalloc(sizeof *scratch);
    pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
    if (scratch && memory) {
        scratch->data = pcre2_match_data_create(1, memory);
        scratch->limits = pcre2_match_context_create(memory);
    }
    pcre2_general_context_free(memory);
    if (!scratch || !scratch->data || !scratch->limits) {
        pattern_scratch_free(scratch);
        return NULL;
    }
    scratch->steps = STEPS;
    pcre2_set_match_limit(scratch->limits, STEPS);
    pcre2_set_heap_limit(scratch->limits, HEAP_KIB);
    pcre2_set_callout(scratch->limits, pay, scratch);
    return scratch;
}

void pattern_scratch_free(struct pattern_scratch *scratch)
{
    if (!scratch)
        return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->limits);
    memory_free(scratch);
}

int pattern_matches(const cgw_model *model, size_t index, cgw_str text,
                    struct pattern_scratch **scratch, bool *ret_matches)
{
    const struct patterns *patterns = patterns_get(model);
    if (!patterns || (!*scratch && !(*scratch = scratch_new())))
        return CGW_ENOMEM;
    *ret_matches = false;
    if (!patterns->codes[index] || text.len > SUBJECT_BYTES)
        return CGW_OK;
    (*scratch)->steps += STEPS_EACH + STEPS_PER_BYTE * text.len;
    if ((*scratch)->steps > STEPS)
        (*scratch)->steps = STEPS;
    (*scratch)->place = 0;
    int result = pcre2_match(patterns->codes[index], (PCRE2_SPTR)text.ptr, text.len, 0,
                             PCRE2_NO_UTF_CHECK, (*scratch)->data, (*scratch)->limits);
    *ret_matches = result >= 0;
    return result == PCRE2_ERROR_NOMEMORY ? CGW_ENOMEM : CGW_OK;
}
