/*
 * The four sources, the weakest first, each written over the one before: so the last word is the
 * strongest's, and who spoke last is known for options that exclude one another. All errors are
 * said, not only the first.
 */
#include "proc/options/options.h"
#include "base/arena.h"
#include "base/mem.h"
#include "proc/options/config_file.h"
#include "proc/options/options_environment.h"
#include "proc/options/options_help.h"
#include "proc/options/options_report.h"
#include "proc/options/options_value.h"
#include "proc/options/options_words.h"
#include <errno.h>

enum source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_COMMAND_LINE };

struct options {
    struct settings settings;
    struct arena arena; /* what settings point to */
};

/* Who said an option last. */
struct given {
    enum source source;
    unsigned line; /* of the config file, or 0 */
};

struct load {
    struct options *options;
    struct options_report report;
    struct given *given; /* per row of the table */
    struct options_word *words;
    size_t n_words;
    const char *config, *config_where;
    bool has_bad_words; /* what is a module is then a guess */
    bool is_out_of_memory;
};

static struct given *given_of(struct load *load, const struct option *option)
{
    return &load->given[option - options_table];
}

/* May an option of the kind be given more than once? */
static bool is_repeatable(const struct option *option)
{
    return option->kind == OPTION_HEADER || option->kind == OPTION_LIST;
}

/* Forget what a weaker source has gathered. */
static void forget(struct settings *settings, const struct option *option)
{
    static const struct settings_list none;
    if (option->kind == OPTION_HEADER)
        settings->n_extra_headers = 0;
    else if (option->kind == OPTION_LIST)
        memcpy((char *)settings + option->offset, &none, sizeof(none));
    else if (option->kind == OPTION_SOURCE)
        settings->sources = none;
}

static void assign(struct load *load, enum source source, const char *where,
                   const struct option *option, const char *text)
{
    char why[OPTIONS_WHY_BYTES], got[OPTIONS_TEXT_BYTES];
    struct options *options = load->options;
    if (given_of(load, option)->source != source)
        forget(&options->settings, option);
    int rc = options_value_read(option, text, &options->arena, &options->settings, why);
    given_of(load, option)->source = source;
    if (rc == -ENOMEM)
        load->is_out_of_memory = true;
    else if (rc != 0)
        options_report_error(&load->report, "%s: got \"%s\", %s", where,
                             options_report_text(got, str_from(text)), why);
}

static void assign_defaults(struct load *load)
{
    load->options->settings.fd = -1;
    for (size_t i = 0; i < options_table_rows; i++)
        if (options_table[i].initial)
            assign(load, SOURCE_DEFAULT, options_table[i].name, &options_table[i],
                   options_table[i].initial);
}

/* ---- the config file ---- */

static void report_unknown_key(struct load *load, const char *path, unsigned line, struct str key)
{
    char nearest[OPTIONS_NAME_BYTES], got[OPTIONS_TEXT_BYTES];
    const struct option *option = NULL;
    if (key.len > 3 && memcmp(key.ptr, "no-", 3) == 0)
        option = options_table_find((struct str){key.ptr + 3, key.len - 3});
    options_report_text(got, key);
    if (option && option->kind == OPTION_SWITCH)
        options_report_error(&load->report, "%s:%u: %s: unknown key: write %s = no", path, line,
                             got, option->name);
    else if (options_table_nearest(key, false, nearest))
        options_report_error(&load->report, "%s:%u: %s: unknown key: did you mean %s?", path, line,
                             got, nearest);
    else
        options_report_error(&load->report, "%s:%u: %s: unknown key: see cgw.conf(5)", path, line,
                             got);
}

static void assign_entry(struct load *load, const char *path, unsigned line,
                         const struct config_entry *entry)
{
    char where[OPTIONS_TEXT_BYTES + OPTIONS_NAME_BYTES + 16];
    const struct option *option = options_table_find(str_from(entry->key));
    if (!option) {
        report_unknown_key(load, path, line, str_from(entry->key));
        return;
    }
    struct given *given = given_of(load, option);
    snprintf(where, sizeof(where), "%s:%u: %s", path, line, option->name);
    if (given->line != 0 && !is_repeatable(option))
        options_report_error(&load->report, "%s: was set in line %u, takes one value", where,
                             given->line);
    else
        assign(load, SOURCE_FILE, where, option, entry->value);
    given->line = line;
}

static const char *file_error(int error)
{
    if (error == -EFBIG)
        return "it is larger than 1 MiB, which is the limit";
    return error == -ETIMEDOUT ? "nobody writes to it" : strerror(-error);
}

static void assign_file(struct load *load)
{
    char path[OPTIONS_TEXT_BYTES];
    struct config_file file = {NULL, NULL, NULL, 0};
    struct config_entry entry;
    const char *error;
    options_report_text(path, str_from(load->config));
    int rc = config_file_open(&file, load->config);
    if (rc != 0) {
        options_report_error(&load->report, "%s: cannot read \"%s\": %s", load->config_where, path,
                             file_error(rc));
        return;
    }
    while ((rc = config_file_next(&file, &entry, &error)) != 0) {
        if (rc > 0)
            assign_entry(load, path, file.line, &entry);
        else
            options_report_error(&load->report, "%s:%u: %s", path, file.line, error);
    }
    config_file_close(&file);
}

/* ---- environment and command line ---- */

static void assign_environment(struct load *load, char **envp)
{
    for (; *envp; envp++) {
        char name[OPTIONS_NAME_BYTES];
        const char *value;
        const struct option *option = options_environment_find(*envp, &value);
        if (option && option->kind != OPTION_ACTION)
            assign(load, SOURCE_ENVIRONMENT, options_table_variable(option, name), option, value);
    }
}

static void find_config(struct load *load, char **envp)
{
    for (; *envp; envp++) {
        const char *value;
        const struct option *option = options_environment_find(*envp, &value);
        if (option && option->kind == OPTION_ACTION) {
            load->config = value;
            load->config_where = "CGW_CONFIG";
        }
    }
    for (size_t i = 0; i < load->n_words; i++) {
        if (strcmp(load->words[i].option->name, OPTION_CONFIG) == 0) {
            load->config = load->words[i].value;
            load->config_where = "--config";
        }
    }
}

/* Only C files may be several. */
static bool is_one_too_many(struct load *load, const char *word)
{
    const struct settings *settings = &load->options->settings;
    size_t len = strlen(word);
    bool is_c = len > 2 && strcmp(word + len - 2, ".c") == 0;
    return given_of(load, options_table_find(STR(OPTION_MODULE)))->source == SOURCE_COMMAND_LINE &&
           (!is_c || settings->sources.n == 0);
}

static void describe(struct load *load, enum settings_describe what)
{
    load->options->settings.check_only = true;
    load->options->settings.describe = what;
}

static void assign_words(struct load *load)
{
    for (size_t i = 0; i < load->n_words; i++) {
        const struct options_word *word = &load->words[i];
        bool is_module = strcmp(word->option->name, OPTION_MODULE) == 0;
        char spelled[OPTIONS_TEXT_BYTES], got[OPTIONS_TEXT_BYTES];
        options_report_text(spelled, word->spelled);
        if (is_module && load->has_bad_words)
            continue;
        if (is_module && is_one_too_many(load, word->value))
            options_report_error(&load->report, "%s: got a second one, \"%s\", takes one", spelled,
                                 options_report_text(got, str_from(word->value)));
        else if (word->option->kind != OPTION_ACTION)
            assign(load, SOURCE_COMMAND_LINE, spelled, word->option, word->value);
        else if (strcmp(word->option->name, "check") == 0)
            load->options->settings.check_only = true;
        else if (strcmp(word->option->name, "routes") == 0)
            describe(load, SETTINGS_DESCRIBE_ROUTES);
        else if (strcmp(word->option->name, "openapi") == 0)
            describe(load, SETTINGS_DESCRIBE_OPENAPI);
        else if (strcmp(word->option->name, "status") == 0)
            load->options->settings.status = true;
        else if (strcmp(word->option->name, "new") == 0)
            load->options->settings.new_project = word->value;
    }
}

/* Do what --help and --version ask, where all was right so far. Did they? */
static bool has_helped(const struct load *load, FILE *out)
{
    for (size_t i = 0; i < load->n_words; i++) {
        const char *name = load->words[i].option->name;
        if (load->words[i].is_behind_error)
            return false;
        if (strcmp(name, "help") == 0)
            options_help_print(out);
        else if (strcmp(name, "version") == 0)
            options_help_version(out);
        else
            continue;
        fflush(out);
        return true;
    }
    return false;
}

/* ---- what only shows when all are there ---- */

/* How the operator spelled the option. */
static const char *spelled(struct load *load, const struct option *option, char *dst)
{
    enum source source = given_of(load, option)->source;
    if (source == SOURCE_ENVIRONMENT)
        return options_table_variable(option, dst);
    snprintf(dst, OPTIONS_NAME_BYTES, "%s%s", source == SOURCE_FILE ? "" : "--", option->name);
    return dst;
}

/*
 * A server listens on host and port, on a unix socket or on an inherited one. The strongest source
 * that speaks of any decides; of one source two are an error.
 */
static void choose_listener(struct load *load)
{
    static const char *const names[] = {"fd", "uds", "host", "port"};
    const struct option *options[4], *chosen = NULL;
    enum source best = SOURCE_DEFAULT;
    for (size_t i = 0; i < 4; i++) {
        options[i] = options_table_find(str_from(names[i]));
        enum source source = given_of(load, options[i])->source;
        best = source > best ? source : best;
    }
    for (size_t i = 0; i < 4 && best != SOURCE_DEFAULT; i++) {
        char one[OPTIONS_NAME_BYTES], other[OPTIONS_NAME_BYTES];
        bool is_pair = i == 3 && chosen == options[2];
        if (given_of(load, options[i])->source != best || is_pair)
            continue;
        if (chosen)
            options_report_error(&load->report, "%s: excludes %s: a server listens on one of them",
                                 spelled(load, options[i], one), spelled(load, chosen, other));
        chosen = options[i];
    }
    struct settings *settings = &load->options->settings;
    if (chosen && chosen != options[1])
        settings->uds = NULL;
    if (chosen && chosen != options[0])
        settings->fd = -1;
}

static void check_water(struct load *load)
{
    const struct settings *settings = &load->options->settings;
    const struct option *low = options_table_find(STR("send-low-water"));
    const struct option *high = options_table_find(STR("send-high-water"));
    char low_name[OPTIONS_NAME_BYTES], high_name[OPTIONS_NAME_BYTES];
    if (settings->send_low_water >= settings->send_high_water)
        options_report_error(&load->report, "%s: got %zu, takes less than %s, which is %zu",
                             spelled(load, low, low_name), settings->send_low_water,
                             spelled(load, high, high_name), settings->send_high_water);
}

/* Who saves a file does not want to wait for a stream that is open in the browser. */
enum { DEVELOPMENT_GRACE_MS = 1000 };

static void check_development(struct load *load)
{
    struct settings *settings = &load->options->settings;
    const struct option *grace = options_table_find(STR("timeout-graceful-shutdown"));
    const struct option *build = options_table_find(STR("build"));
    char name[OPTIONS_NAME_BYTES];
    if (settings->reload && given_of(load, grace)->source == SOURCE_DEFAULT)
        settings->timeout_graceful_shutdown_ms = DEVELOPMENT_GRACE_MS;
    if (settings->build && settings->sources.n)
        options_report_error(&load->report,
                             "%s: makes a shared object: name that as MODULE.so, not C files",
                             spelled(load, build, name));
}

static void check_debug(struct load *load)
{
    const struct settings *settings = &load->options->settings;
    const struct option *address = options_table_find(STR("debug-address"));
    char name[OPTIONS_NAME_BYTES];
    if (settings->debug_address && !settings->debug)
        options_report_error(&load->report, "%s: is there with --debug only",
                             spelled(load, address, name));
}

static void check_together(struct load *load)
{
    if (load->report.n_errors == 0) {
        check_debug(load);
        choose_listener(load);
        check_water(load);
        check_development(load);
    }
    if (load->options->settings.status || load->options->settings.new_project)
        return;
    const struct given *module = given_of(load, options_table_find(STR(OPTION_MODULE)));
    if (module->source == SOURCE_DEFAULT && !load->has_bad_words)
        options_report_error(&load->report, "MODULE.so: got none, takes one: cgw-serve [OPTIONS] "
                                            "MODULE.so, or see cgw-serve --help");
}

/* ---- all of it ---- */

/* 0, or the code to exit with. */
static int load_all(struct load *load, char **envp)
{
    assign_defaults(load);
    find_config(load, envp);
    if (load->config)
        assign_file(load);
    assign_environment(load, envp);
    assign_words(load);
    check_together(load);
    options_environment_warn(envp, &load->options->settings, load->report.err);
    options_report_end(&load->report);
    if (load->is_out_of_memory)
        fputs("cgw-serve: out of memory\n", load->report.err);
    return load->is_out_of_memory ? 1 : load->report.n_errors ? 2 : 0;
}

int options_load_to(FILE *out, FILE *err, int argc, char **argv, char **envp,
                    struct options **ret_options, int *ret_exit)
{
    struct load load = {.report = {err, 0}};
    int code = 1;
    load.options = mem_zalloc(sizeof(*load.options));
    load.given = mem_zalloc(options_table_rows * sizeof(*load.given));
    load.words = mem_zalloc(((size_t)(argc > 0 ? argc : 0) + 1) * sizeof(*load.words));
    bool has_memory = load.options && load.given && load.words, is_done = false;
    if (!has_memory) {
        fputs("cgw-serve: out of memory\n", err);
    } else {
        load.n_words = options_words_read(argc, argv, &load.report, load.words);
        load.has_bad_words = load.report.n_errors != 0;
        is_done = has_helped(&load, out);
        code = is_done ? 0 : load_all(&load, envp);
    }
    mem_free(load.given);
    mem_free(load.words);
    if (has_memory && code == 0 && !is_done) {
        *ret_options = load.options;
        return 0;
    }
    options_free(load.options);
    *ret_exit = code;
    return -ECANCELED;
}

int options_load(int argc, char **argv, char **envp, struct options **ret_options, int *ret_exit)
{
    return options_load_to(stdout, stderr, argc, argv, envp, ret_options, ret_exit);
}

void options_free(struct options *options)
{
    if (!options)
        return;
    arena_fini(&options->arena);
    mem_free(options);
}

const struct settings *options_settings(const struct options *options)
{
    return &options->settings;
}

void options_keep_reload(struct options *options, bool reload)
{
    options->settings.reload = reload;
}
