/*
 * Parts: what the SDK itself has to start in each worker, before the application's own start(), and
 * to stop behind it. They are declared where they are used, and found by the linker's section.
 */
#include "web/application.h"

#define WEAK __attribute__((weak, visibility("hidden")))
extern const void *const __start_cgw_parts[] WEAK;
extern const void *const __stop_cgw_parts[] WEAK;

/* One that has started. */
struct part {
    struct part *next; /* that had started before */
    const struct cgw__part *what;
    void *state;
};

static const char *start(struct application *application, const struct cgw__part *what)
{
    struct cgw_boot *boot = &application->boot;
    struct part *part = arena_zalloc(&application->arena, sizeof(*part));
    if (!part)
        return "out of memory";
    if (what->start(boot, what, &part->state) != 0)
        return boot->message;
    part->what = what;
    part->next = application->parts;
    application->parts = part;
    return NULL;
}

const char *part_start_all(struct application *application)
{
    application->boot.application = application;
    // cppcheck-suppress comparePointers
    for (const void *const *entry = __start_cgw_parts; entry < __stop_cgw_parts; entry++) {
        const char *fault = *entry ? start(application, *entry) : NULL;
        if (!fault)
            continue;
        part_stop_all(application);
        return fault;
    }
    return NULL;
}

void part_stop_all(struct application *application)
{
    for (; application->parts; application->parts = application->parts->next)
        application->parts->what->stop(application->parts->state);
}

void *part_state(const struct application *application, const struct cgw__part *what)
{
    for (const struct part *part = application->parts; part; part = part->next)
        if (part->what == what)
            return part->state;
    return NULL;
}
