/* Counting who needs a generation. */
#include "proc/generation.h"
#include "base/mem.h"

struct configuration *configuration_new(struct options *options)
{
    struct configuration *configuration = mem_zalloc(sizeof *configuration);
    if (!configuration)
        return NULL;
    *configuration = (struct configuration){options, options_settings(options), 1};
    return configuration;
}

void configuration_unref(struct configuration *configuration)
{
    if (!configuration || --configuration->refs)
        return;
    options_free(configuration->options);
    mem_free(configuration);
}

struct generation *generation_new(uint32_t number, struct configuration *configuration,
                                  struct module_store *store, char *copy, const struct cgw_app *app)
{
    struct generation *generation = mem_zalloc(sizeof *generation);
    if (!generation)
        return NULL;
    configuration->refs++;
    *generation = (struct generation){.number = number,
                                      .configuration = configuration,
                                      .store = store,
                                      .copy = copy,
                                      .app = app,
                                      .refs = 1};
    return generation;
}

struct generation *generation_ref(struct generation *generation)
{
    generation->refs++;
    return generation;
}

void generation_unref(struct generation *generation)
{
    if (!generation || --generation->refs)
        return;
    if (generation->copy)
        module_store_drop(generation->store, generation->copy);
    mem_free(generation->copy);
    configuration_unref(generation->configuration);
    mem_free(generation);
}
