/*
 * From an option's text to its place in struct settings, checked.
 */
#ifndef PROC_OPTIONS_VALUE_H
#define PROC_OPTIONS_VALUE_H
#include "base/arena.h"
#include "base/settings.h"
#include "proc/options/options_table.h"

#define OPTIONS_WHY_BYTES 512

/*
 * Read text as a value of option into settings, copied into arena memory. 0, -ENOMEM, or -EINVAL
 * with what the option takes ("takes a number from 0 to 65535") at why, which has OPTIONS_WHY_BYTES
 * of room. Of -EINVAL nothing is in settings. Not for OPTION_ACTION.
 */
int options_value_read(const struct option *option, const char *text, struct arena *arena,
                       struct settings *settings, char *why);
#endif
