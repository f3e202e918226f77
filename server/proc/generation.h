/*
 * What workers are made from: one reading of the options, and one copy of the module. A generation
 * lives while a worker runs it or the supervisor may come back to it; its copy is removed with it.
 */
#ifndef PROC_GENERATION_H
#define PROC_GENERATION_H
#include "base/settings.h"
#include "proc/dev/module_store.h"
#include "proc/options/options.h"
#include <cgw/abi.h>

struct configuration {
    struct options *options;
    const struct settings *settings; /* of options */
    unsigned refs;
};

struct generation {
    uint32_t number; /* grows */
    struct configuration *configuration;
    struct module_store *store;
    char *copy;                /* the file to load; NULL: app */
    const struct cgw_app *app; /* one that is built in, while there is no module to serve */
    bool is_good;              /* a worker of it came to serve */
    uint64_t good_at_us;       /* when the first one did */
    unsigned n_early_deaths;   /* of its workers, soon after */
    unsigned refs;
};

/* Takes the options over. One reference for the caller, or NULL: out of memory. */
struct configuration *configuration_new(struct options *options);
void configuration_unref(struct configuration *configuration); /* NULL is fine */

/* Takes copy (from mem_alloc) over, refers to configuration. One reference, or NULL: out of memory,
   and copy is still the caller's. */
struct generation *generation_new(uint32_t number, struct configuration *configuration,
                                  struct module_store *store, char *copy,
                                  const struct cgw_app *app);
struct generation *generation_ref(struct generation *generation);
void generation_unref(struct generation *generation); /* NULL is fine */

static inline const struct settings *generation_settings(const struct generation *generation)
{
    return generation->configuration->settings;
}
#endif
