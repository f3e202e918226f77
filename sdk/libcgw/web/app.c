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

extern const struct cgw_application cgw_application WEAK;
extern const struct cgw_lifespan cgw_lifespan WEAK;

/* What the host calls us; the datum is read before any code runs, so a name that was declared is
   put in its place when the lifespan begins. */
static char name[64] = "cgw application";

const struct cgw_application *app_declared(void)
{
    static const struct cgw_application none;
    if (!&cgw_application)
        return &none;
    if (cgw_application.name)
        snprintf(name, sizeof(name), "%s", cgw_application.name);
    return &cgw_application;
}

const struct cgw_lifespan *app_lifespan(void)
{
    return &cgw_lifespan;
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
