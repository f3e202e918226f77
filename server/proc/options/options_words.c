/* The command line, cut up by the table; values are not looked at here. */
#include "proc/options/options_words.h"

static void report_unknown(struct options_report *report, struct str word, struct str name)
{
    char nearest[OPTIONS_NAME_BYTES], got[OPTIONS_TEXT_BYTES];
    options_report_text(got, word);
    if (options_table_nearest(name, true, nearest))
        options_report_error(report, "%s: unknown option: did you mean --%s?", got, nearest);
    else
        options_report_error(report, "%s: unknown option: see cgw-serve --help", got);
}

/* The option of a name without dashes; "no-" and a switch's name is that switch, *ret_is_no. */
static const struct option *find(struct str name, bool *ret_is_no)
{
    const struct option *option = options_table_find(name);
    if (option || name.len < 3 || memcmp(name.ptr, "no-", 3) != 0)
        return option && strcmp(option->name, OPTION_MODULE) != 0 ? option : NULL;
    option = options_table_find((struct str){name.ptr + 3, name.len - 3});
    *ret_is_no = option && option->kind == OPTION_SWITCH;
    return *ret_is_no ? option : NULL;
}

/* Give word, which has no value of its own after '=', one. The words of argv that it takes. */
static int take_value(struct options_word *word, const char *next, bool is_no)
{
    if (word->option->kind == OPTION_SWITCH)
        word->value = is_no ? "no" : "yes";
    if (!word->option->argument)
        return 1;
    /* What begins with two dashes is the next option; a value that does so comes behind '='. */
    if (!next || strncmp(next, "--", 2) == 0)
        return 0;
    word->value = next;
    return 2;
}

/*
 * Read the option at argv[0]; argv[1] may be NULL. The words of argv that it takes; its option is
 * NULL where it is wrong.
 */
static int read_option(char **argv, struct options_report *report, struct options_word *word)
{
    const char *text = argv[0], *equals = strchr(text, '=');
    bool is_no = false, is_long = text[1] == '-';
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    struct str name = is_long ? (struct str){text + 2, len - 2} : (struct str){text, 0};
    word->spelled = (struct str){text, len};
    word->option = find(name, &is_no);
    if (!word->option) {
        report_unknown(report, word->spelled, name);
        return 1;
    }
    bool may_have_value = !is_no && (word->option->argument || word->option->kind == OPTION_SWITCH);
    int n = 1;
    if (equals && may_have_value)
        word->value = equals + 1;
    else if (equals)
        options_report_error(report, "%.*s: got a value, takes none", (int)len, text);
    else if ((n = take_value(word, argv[1], is_no)) == 0)
        options_report_error(report, "%s: got nothing, takes a value: %s %s", text, text,
                             word->option->argument);
    if (n == 0 || (equals && !may_have_value))
        word->option = NULL;
    return n ? n : 1;
}

size_t options_words_read(int argc, char **argv, struct options_report *report,
                          struct options_word *words)
{
    size_t n = 0;
    bool has_options = true;
    for (int i = 1; i < argc;) {
        bool is_option = has_options && argv[i][0] == '-';
        struct options_word word = {options_table_find(STR(OPTION_MODULE)), argv[i],
                                    STR("MODULE.so"), report->n_errors != 0};
        if (has_options && strcmp(argv[i], "--") == 0) {
            has_options = false;
            i++;
            continue;
        }
        if (is_option)
            word.value = NULL;
        i += is_option ? read_option(argv + i, report, &word) : 1;
        if (word.option)
            words[n++] = word;
    }
    return n;
}
