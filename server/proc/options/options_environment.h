/* Options from the environment: CGW_PORT=80. */
#ifndef PROC_OPTIONS_ENVIRONMENT_H
#define PROC_OPTIONS_ENVIRONMENT_H
#include "base/settings.h"
#include "proc/options/options_report.h"
#include "proc/options/options_table.h"

/*
 * The option that entry ("CGW_NAME=value") sets, with its value in *ret_value, or NULL: it sets
 * none. An empty variable is as good as none. CGW_CONFIG is one of them, other actions are not.
 */
const struct option *options_environment_find(const char *entry, const char **ret_value);

/*
 * Warn, in one line, of variables that begin with CGW_ and set nothing. Not of CGW_TEST_*, nor of
 * those that are, or begin with, the name of the module's file in upper case, which are its own:
 * CGW_ITEMS_DB of items.so. The same of modules of --wrap.
 */
void options_environment_warn(char **envp, const struct settings *settings, FILE *err);
#endif
