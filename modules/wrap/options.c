/* The environment, read once, before the application starts. */
#include "options.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char error[256];

static int fail(const char *variable, const char *wanted, const char **ret_error)
{
    snprintf(error, sizeof(error), "%s is \"%.64s\", wanted %s", variable, getenv(variable),
             wanted);
    *ret_error = error;
    return -1;
}

static size_t count(const char *text)
{
    size_t n = 1;
    for (; *text; text++)
        n += *text == ',';
    return n;
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    for (size_t len = strlen(text); len && strchr(" \t", text[len - 1]); len--)
        text[len - 1] = '\0';
    return text;
}

int options_list(const char *variable, const char *const **option, const char **ret_error)
{
    const char *value = getenv(variable);
    if (!value)
        return 0;
    char *rest = strdup(value);
    const char **list = calloc(count(value) + 1, sizeof(*list));
    if (!rest || !list) {
        free(rest);
        free(list);
        *ret_error = "out of memory";
        return -1;
    }
    size_t n = 0;
    for (char *word; (word = strsep(&rest, ","));)
        if (*(word = trim(word)))
            list[n++] = word;
    *option = list;
    return n ? 0 : fail(variable, "a list, separated by commas", ret_error);
}

int options_number(const char *variable, uint64_t min, uint64_t max, uint64_t *option,
                   const char **ret_error)
{
    const char *value = getenv(variable);
    char *end, wanted[96];
    if (!value)
        return 0;
    unsigned long long number = strtoull(value, &end, 10);
    if (*value >= '0' && *value <= '9' && !*end && number >= min && number <= max) {
        *option = number;
        return 0;
    }
    snprintf(wanted, sizeof(wanted), "a number from %llu to %llu", (unsigned long long)min,
             (unsigned long long)max);
    return fail(variable, wanted, ret_error);
}

int options_switch(const char *variable, bool *option, const char **ret_error)
{
    static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1"};
    const char *value = getenv(variable);
    if (!value)
        return 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcasecmp(value, words[i]) == 0) {
            *option = i % 2;
            return 0;
        }
    return fail(variable, "yes or no", ret_error);
}

int options_token(const char *variable, const char **option, const char **ret_error)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-.^_`|~";
    const char *value = getenv(variable);
    if (value && (!*value || value[strspn(value, signs)]))
        return fail(variable, "letters, digits and dashes", ret_error);
    if (value)
        *option = value;
    return 0;
}

int options_field(const char *variable, const char **option, const char **ret_error)
{
    const char *value = NULL;
    if (options_token(variable, &value, ret_error) < 0)
        return -1;
    if (!value)
        return 0;
    char *name = strdup(value);
    if (!name) {
        *ret_error = "out of memory";
        return -1;
    }
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    *option = name;
    return 0;
}

const void *options_table(const char *id, const struct cgw_wrap *wrap)
{
    return strcmp(id, CGW_EXT_WRAP) == 0 ? wrap : NULL;
}

/* Served by itself there is nothing to stand around. */
void options_refuse(struct cgw_call *call)
{
    static const char text[] = "this module stands around an application: cgw-serve --wrap";
    call->host->log(call, CGW_LOG_ERROR, text, sizeof(text) - 1);
    call->host->finish(call, CGW_EINVAL);
}
