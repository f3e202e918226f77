/*
 * The one datum that a module exports. It is in the library: a module's routes refer to it, which
 * is what takes this file along, and it finds them, and all else that is declared, in the linker's
 * sections.
 */
#include "web/application.h"
#include "web/inspect.h"
#include <stdio.h>

#define WEAK __attribute__((weak, visibility("hidden")))
#define SECTION(name)                                                   \
    extern const void *const __start_cgw_##name[] WEAK;                 \
    extern const void *const __stop_cgw_##name[] WEAK;                  \
    struct section section_##name(void)                                 \
    {                                                                   \
        return (struct section){__start_cgw_##name, __stop_cgw_##name}; \
    }
SECTION(routes)
SECTION(mounts)
SECTION(converters)
SECTION(errors)
SECTION(dependencies)
SECTION(reads)

SECTION(applications)
SECTION(lifespans)

/* Of what is declared at most once, which the link has seen to. */
static const void *only(struct section section)
{
    return section.first < section.end ? *section.first : NULL;
}

/* What the host calls us; the datum is read before any code runs, so a name that was declared is
   put in its place when the lifespan begins. */
static char name[64] = "cgw application";

const struct cgw_application *app_declared(void)
{
    static const struct cgw_application none;
    const struct cgw_application *declared = only(section_applications());
    if (declared && declared->name)
        snprintf(name, sizeof(name), "%s", declared->name);
    return declared ? declared : &none;
}

const struct cgw_lifespan *app_lifespan(void)
{
    return only(section_lifespans());
}

static void begin(struct cgw_call *call)
{
    if (call->scope->type == CGW_SCOPE_LIFESPAN)
        lifespan_begin(call);
    else if (call->scope->type == CGW_SCOPE_HTTP && call->scope->state)
        request_begin(call->scope->state, call);
    else
        call->host->finish(call, CGW_EINVAL);
}

CGW_APP(.kind = CGW_ASYNC, .flags = CGW_LIFESPAN | CGW_PROMOTES, .name = name, .call = begin,
        .extension = inspect_extension);
