#include "task_scarce.h"
#include "base/memory.h"
#include "fiber/fiber.h"

static _Thread_local unsigned left;
static _Thread_local bool is_felt;

void scarce_from(unsigned nth)
{
    left = nth;
    is_felt = false;
}

bool scarce_was_felt(void)
{
    return is_felt;
}

static bool fails(void)
{
    if (!left || --left)
        return false;
    return is_felt = true;
}

#define WRAP(type, name, params, args)              \
    type __real_##name params;                      \
    type __wrap_##name params;                      \
    type __wrap_##name params                       \
    {                                               \
        return fails() ? NULL : __real_##name args; \
    }
WRAP(void *, memory_alloc, (size_t bytes), (bytes))
WRAP(void *, memory_zalloc, (size_t bytes), (bytes))
WRAP(void *, memory_grow, (void *p, size_t bytes), (p, bytes))
WRAP(struct fiber *, fiber_new,
     (struct fiber_pool * pool, void (*entry)(void *arg), void *arg, void **ret_head),
     (pool, entry, arg, ret_head))
