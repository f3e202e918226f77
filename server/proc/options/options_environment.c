/* The environment, looked through by the table. */
#include "proc/options/options_environment.h"

static bool is_ours(const char *entry)
{
    const char *equals = strchr(entry, '=');
    return strncmp(entry, "CGW_", 4) == 0 && equals && equals[1] != '\0';
}

const struct option *options_environment_find(const char *entry, const char **ret_value)
{
    if (!is_ours(entry))
        return NULL;
    struct str name = {entry, strcspn(entry, "=")};
    for (size_t i = 0; i < options_table_rows; i++) {
        const struct option *option = &options_table[i];
        char variable[OPTIONS_NAME_BYTES];
        if (option->kind == OPTION_ACTION && strcmp(option->name, OPTION_CONFIG) != 0)
            continue;
        if (str_is(name, str_from(options_table_variable(option, variable)))) {
            *ret_value = entry + name.len + 1;
            return option;
        }
    }
    return NULL;
}

/* What the SDK reads in applications, whatever they are called. */
static bool is_of_sdk(const char *entry)
{
    return strncmp(entry, "CGW_SWAGGER_UI=", 15) == 0;
}

static bool is_of_module(const char *module, const char *entry)
{
    const char *slash = module ? strrchr(module, '/') : NULL;
    const char *stem = slash ? slash + 1 : module;
    size_t n = stem ? strcspn(stem, ".") : 0;
    entry += 4;
    for (size_t i = 0; i < n; i++)
        if (ascii_lower(entry[i]) != (stem[i] == '-' ? '_' : ascii_lower(stem[i])))
            return false;
    return n != 0 && (entry[n] == '_' || entry[n] == '=');
}

/* Of the one that is served, or of one around it. */
static bool is_of_modules(const struct settings *settings, const char *entry)
{
    for (size_t i = 0; i < settings->wraps.n; i++)
        if (is_of_module(settings->wraps.items[i], entry))
            return true;
    return is_of_module(settings->module, entry);
}

void options_environment_warn(char **envp, const struct settings *settings, FILE *err)
{
    unsigned n = 0;
    for (; *envp; envp++) {
        const char *value;
        char name[OPTIONS_TEXT_BYTES];
        if (!is_ours(*envp) || options_environment_find(*envp, &value) ||
            strncmp(*envp, "CGW_TEST_", 9) == 0 || is_of_sdk(*envp) ||
            is_of_modules(settings, *envp))
            continue;
        options_report_text(name, (struct str){*envp, strcspn(*envp, "=")});
        if (++n == 1)
            fprintf(err, "cgw-serve: warning: unknown environment variables: %s", name);
        else if (n <= OPTIONS_REPORT_LINES)
            fprintf(err, ", %s", name);
    }
    if (n != 0)
        fputs(n > OPTIONS_REPORT_LINES ? ", ...\n" : "\n", err);
}
