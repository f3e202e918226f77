/*
 * Counts the allocations of a process and makes chosen ones fail, for the wire tests: preloaded
 * into the server, steered through a file that all its processes and the test map (ALLOCSHIM names
 * it).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What stands behind the C library's own names. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *ptr, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

/* The file: five numbers in the machine's order. */
struct control {
    _Atomic uint64_t count;       /* allocations so far, failed ones too */
    _Atomic uint64_t first, last; /* these fail, counted from 1; 0: none */
    _Atomic uint64_t failed;
    _Atomic uint64_t process; /* allocations of others do not count; 0: all do */
};

static struct control own; /* until, or where, there is no file */
static struct control *_Atomic control = &own;

__attribute__((constructor)) static void shim_init(void)
{
    const char *path = getenv("ALLOCSHIM");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        atomic_store(&control, map);
}

/* Count one allocation; is it one of those that fail? */
static int is_chosen(void)
{
    struct control *c = atomic_load(&control);
    uint64_t process = atomic_load(&c->process);
    if (process && process != (uint64_t)getpid())
        return 0;
    uint64_t n = atomic_fetch_add(&c->count, 1) + 1;
    if (n < atomic_load(&c->first) || n > atomic_load(&c->last))
        return 0;
    atomic_fetch_add(&c->failed, 1);
    errno = ENOMEM;
    return 1;
}

#pragma GCC visibility push(default)

void *malloc(size_t bytes)
{
    return is_chosen() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    return is_chosen() ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *ptr, size_t bytes)
{
    return is_chosen() ? NULL : __libc_realloc(ptr, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return is_chosen() ? NULL : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **ret_ptr, size_t alignment, size_t bytes)
{
    if (is_chosen())
        return ENOMEM;
    void *ptr = __libc_memalign(alignment, bytes);
    if (!ptr)
        return ENOMEM;
    *ret_ptr = ptr;
    return 0;
}
