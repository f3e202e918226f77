/* The harness of the options' tests. */
#include "options_start.h"
#include "unit.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

void start_write_file(const char *text, size_t len)
{
    FILE *file = fopen(start_file, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
}

void start_run(const struct start *start, struct run *run)
{
    const char *argv[START_WORDS + 2] = {"cgw-serve"},
                                   *envp[START_VARIABLES + 3] = {"PATH=/bin", "CK_FORK=no"};
    size_t out_len, err_len;
    int argc = 1;
    for (size_t i = 0; i < START_WORDS && start->words[i]; i++)
        argv[argc++] = start->words[i];
    for (size_t i = 0; i < START_VARIABLES && start->variables[i]; i++)
        envp[i + 2] = start->variables[i];
    if (start->file)
        start_write_file(start->file, strlen(start->file));
    *run = (struct run){.exit = -1};
    FILE *out = open_memstream(&run->out, &out_len), *err = open_memstream(&run->err, &err_len);
    ck_assert(out && err);
    run->rc =
        options_load_to(out, err, argc, (char **)argv, (char **)envp, &run->options, &run->exit);
    fclose(out);
    fclose(err);
    run->settings = run->options ? options_settings(run->options) : NULL;
    ck_assert((run->rc == 0) == (run->options != NULL));
    ck_assert((run->rc == 0) == (run->exit == -1));
}

void start_end(struct run *run)
{
    options_free(run->options);
    free(run->out);
    free(run->err);
    unlink(start_file);
}

void start_is_refused(const struct start *start, const char *lines)
{
    struct run run;
    start_run(start, &run);
    ck_assert_str_eq(run.err, lines);
    ck_assert_int_eq(run.rc, -ECANCELED);
    ck_assert_int_eq(run.exit, 2);
    ck_assert_str_eq(run.out, "");
    start_end(&run);
}

const struct settings *start_is_taken(const struct start *start, struct run *run)
{
    start_run(start, run);
    ck_assert_str_eq(run->err, "");
    ck_assert_int_eq(run->rc, 0);
    ck_assert_str_eq(run->out, "");
    return run->settings;
}
