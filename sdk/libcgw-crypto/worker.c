/* Started with each worker, as there is one application in it, and in tests several in turn. */
#include "worker.h"
#include "web/application.h"
#include <sodium.h>

static int start(cgw_boot *boot, const struct cgw__part *part, void **ret_state)
{
    struct crypto_worker *worker = cgw_boot_alloc(boot, sizeof(*worker));
    (void)part;
    if (!worker)
        return cgw_boot_fail(boot, "out of memory");
    if (sodium_init() < 0)
        return cgw_boot_fail(boot, "libsodium cannot be used: sodium_init() failed");
    crypto_worker_set(worker, (struct cgw_password_cost){0, 0, 0});
    *ret_state = worker;
    return 0;
}

static void stop(void *state)
{
    (void)state;
}

static const struct cgw__part part = {start, stop, NULL};
CGW__SECTION("cgw_parts") static const struct cgw__part *const entry = &part;

void crypto_worker_set(struct crypto_worker *worker, struct cgw_password_cost cost)
{
    worker->cost = (struct cgw_password_cost){
        .memory_bytes = cost.memory_bytes ? cost.memory_bytes : (uint64_t)64 << 20,
        .passes = cost.passes ? cost.passes : 2,
        .at_once = cost.at_once ? cost.at_once : 4};
    worker->turns[0] = worker->turns[1] = (cgw_sem){.n = (int)worker->cost.at_once};
}

struct crypto_worker *crypto_worker_of(const cgw_boot *boot)
{
    return part_state(boot->application, &part);
}

/* What parts have left does not change while requests run: any thread may look. */
struct crypto_worker *crypto_worker(void)
{
    const struct task *task = task_here();
    return task ? part_state(task->runtime->application, &part) : NULL;
}

int64_t crypto_worker_time(void)
{
    return cgw_datetime_now().unix_us / 1000000;
}

/* ---- memory ---- */

struct wish {
    size_t bytes;
    void *ret;
};

static int alloc(void *arg)
{
    struct wish *wish = arg;
    wish->ret = arena_zalloc(task_here()->arena, wish->bytes);
    return CGW_OK;
}

void *crypto_worker_alloc(cgw_request *req, size_t bytes)
{
    struct wish wish = {bytes, NULL};
    if (req)
        return cgw_alloc(req, bytes);
    (void)task_on_loop(alloc, &wish);
    return wish.ret;
}
