/* The guards behind guard.h. A kernel, or what plays one, may take an unknown advice for granted:
   what is asked is whether the page faults, not whether the call succeeded. */
#include "fiber/guard.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum { MIN_BYTES = 16 * 1024, USUAL_MAPPINGS = 65530 };

static _Atomic size_t n_protected; /* guards by mprotect, of all pools of the process */

size_t guard_bytes(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (MIN_BYTES + page - 1) / page * page;
}

/* The kernel is made to look at the first page. */
static bool faults(void *p)
{
    return madvise(p, (size_t)sysconf(_SC_PAGESIZE), MADV_POPULATE_READ) < 0 && errno == EFAULT;
}

static size_t max_mappings(void)
{
    char digits[24] = "";
    int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return USUAL_MAPPINGS;
    ssize_t n = read(fd, digits, sizeof digits - 1);
    close(fd);
    size_t max = n > 0 ? strtoul(digits, NULL, 10) : 0;
    return max ? max : USUAL_MAPPINGS;
}

/* Two mappings each; an eighth of all is left for the rest of the process. */
static bool claim_mappings(void)
{
    static _Atomic size_t limit;
    if (!atomic_load(&limit))
        atomic_store(&limit, max_mappings() / 16 * 7);
    if (atomic_fetch_add(&n_protected, 1) < atomic_load(&limit))
        return true;
    atomic_fetch_sub(&n_protected, 1);
    return false;
}

bool guard_set(enum guard_kind *kind, void *p)
{
    if (*kind != GUARD_MPROTECT) {
        if (madvise(p, guard_bytes(), MADV_GUARD_INSTALL) == 0 &&
            (*kind == GUARD_MADVISE || faults(p))) {
            *kind = GUARD_MADVISE;
            return true;
        }
        if (*kind == GUARD_MADVISE)
            return false;
        *kind = GUARD_MPROTECT;
    }
    if (!claim_mappings())
        return false;
    if (mprotect(p, guard_bytes(), PROT_NONE) == 0)
        return true;
    guard_forget(GUARD_MPROTECT, 1);
    return false;
}

void guard_forget(enum guard_kind kind, size_t n)
{
    if (kind == GUARD_MPROTECT)
        atomic_fetch_sub(&n_protected, n);
}
