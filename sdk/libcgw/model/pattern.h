/*
 * Patterns of fields: PCRE2 in UTF mode, compiled once per model and kept for the life of the
 * process in its cache; published atomically, so any thread may be the first. Read like Rust's
 * regex, which pydantic uses: searched, \d and \w know Unicode, $ is the very end.
 *
 * What a match may cost is bounded whatever the pattern is: by the subject's length and by a budget
 * of steps for all texts of a body or of parameters; beyond either, the text does not match.
 */
#ifndef MODEL_PATTERN_H
#define MODEL_PATTERN_H
#include "model/model.h"

struct pattern_scratch; /* what matching needs; kept from one match to the next */

/* Does text (valid UTF-8) match the pattern of fields[index]? A pattern that cannot be compiled
   matches nothing. *scratch: NULL at first. CGW_OK, or CGW_ENOMEM. */
int pattern_matches(const cgw_model *model, size_t index, cgw_str text,
                    struct pattern_scratch **scratch, bool *ret_matches);
void pattern_scratch_free(struct pattern_scratch *scratch); /* NULL is fine */
/* Compile the model's patterns, if it has any, before they are needed. CGW_OK, or CGW_ENOMEM. */
int pattern_prepare(const cgw_model *model);
/* Why the pattern cannot be compiled, in the arena, or NULL: it can. *ret_status: CGW_OK or
   CGW_ENOMEM. */
const char *pattern_fault(const cgw_model *model, size_t index, struct arena *arena,
                          int *ret_status);
#endif
