/*
 * Which names count in a folder that is watched for whatever changes in it. [supervisor]
 */
#ifndef PROC_DEV_WATCH_NAMES_H
#define PROC_DEV_WATCH_NAMES_H
#include "base/settings.h"
#include <stdbool.h>

/* Does a file of that name count? It is included, by default or by the operator, and not excluded;
   what the operator includes in the very words of a default exclusion is not excluded. */
bool watch_names_counts(const struct settings *settings, const char *name);
/* Is the subfolder name of the folder that path names looked into? None that is excluded, and no
   folder that a build writes to, which its generator's own files betray. */
bool watch_names_enters(const struct settings *settings, const char *path, const char *name);
#endif
