/*
 * The scoreboard's memory: a memfd with a name, so that another process of the same user finds it
 * among the supervisor's descriptors, and sums that outlive the workers who counted.
 */
#include "base/board.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MEMFD_NAME "cgw-board"
#define MEMFD_LINK "/memfd:" MEMFD_NAME

enum { HINTS = 256, READ_TRIES = 1000, SEALS = F_SEAL_SHRINK | F_SEAL_GROW };

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "counters are shared between processes: a lock would not be");
_Static_assert(BOARD_ROUTES <= UINT8_MAX + 1, "a hint is one byte");

const uint32_t board_bounds_us[BOARD_BUCKETS - 1] = {
    100,   250,    500,    1000,   2500,    5000,    10000,    25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 10000000,
};

/* The descriptor by which others find the board that this process made last. */
static const struct board *made;
static int made_fd = -1;

static uint64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void begin(struct board *board)
{
    board->magic = BOARD_MAGIC;
    board->layout = BOARD_LAYOUT;
    board->bytes = sizeof *board;
    board->started_us = wall_us();
    board->retired.n_routes = 1;
    atomic_store(&board->supervisor, getpid());
}

static void keep_descriptor(const struct board *board, int fd)
{
    if (made_fd >= 0)
        close(made_fd);
    made = board;
    made_fd = fd;
}

struct board *board_new(void)
{
    int fd = memfd_create(MEMFD_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return NULL;
    void *memory = MAP_FAILED;
    if (ftruncate(fd, sizeof(struct board)) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0)
        memory = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        int error = errno;
        close(fd);
        errno = error;
        return NULL;
    }
    begin(memory);
    keep_descriptor(memory, fd);
    return memory;
}

/* Whoever made it may be another user: the size is looked at first, and that it will stay, as
   reading behind the end of a file would be a SIGBUS. */
static const struct board *map_board(int fd)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (fstat(fd, &st) < 0)
        return NULL;
    if (st.st_size != (off_t)sizeof(struct board) || seals < 0 || (seals & SEALS) != SEALS) {
        errno = EPROTO;
        return NULL;
    }
    const struct board *board = mmap(NULL, sizeof *board, PROT_READ, MAP_SHARED, fd, 0);
    if (board == MAP_FAILED)
        return NULL;
    if (board->magic != BOARD_MAGIC || board->layout != BOARD_LAYOUT ||
        board->bytes != sizeof *board) {
        munmap((void *)(uintptr_t)board, sizeof *board);
        errno = EPROTO;
        return NULL;
    }
    return board;
}

/* An open descriptor of the board among those of the folder /proc/PID/fd, or -1 with errno. */
static int find_descriptor(DIR *dir)
{
    const struct dirent *entry;
    while ((errno = 0, entry = readdir(dir))) {
        char target[sizeof MEMFD_LINK];
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof target);
        if (n >= (ssize_t)sizeof MEMFD_LINK - 1 &&
            !memcmp(target, MEMFD_LINK, sizeof MEMFD_LINK - 1))
            return openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
    }
    if (errno == 0)
        errno = ENOENT;
    return -1;
}

const struct board *board_open(pid_t supervisor)
{
    char path[sizeof "/proc//fd" + 3 * sizeof supervisor];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)supervisor);
    DIR *dir = opendir(path);
    if (!dir) {
        if (errno == ENOENT)
            errno = ESRCH;
        return NULL;
    }
    int fd = find_descriptor(dir), error = errno;
    closedir(dir);
    const struct board *board = NULL;
    if (fd >= 0) {
        board = map_board(fd);
        error = errno;
        close(fd);
    }
    errno = error;
    return board;
}

void board_close(const struct board *board)
{
    if (!board)
        return;
    if (board == made) {
        close(made_fd);
        made = NULL;
        made_fd = -1;
    }
    munmap((void *)(uintptr_t)board, sizeof *board);
}

struct board_slot *board_take(struct board *board)
{
    for (struct board_slot *slot = board->slots; slot < board->slots + BOARD_SLOTS; slot++)
        if (atomic_load(&slot->state) == BOARD_FREE) {
            slot->started_us = wall_us();
            atomic_store(&slot->n_routes, 1);
            atomic_store(&slot->state, BOARD_STARTING);
            uint32_t n = (uint32_t)(slot - board->slots) + 1;
            if (n > atomic_load(&board->n_used))
                atomic_store(&board->n_used, n);
            return slot;
        }
    return NULL;
}

static void fold(board_count *sum, const board_count *count)
{
    board_add(sum, board_get(count));
}

static void fold_histogram(struct board_histogram *sum, const struct board_histogram *histogram)
{
    for (size_t i = 0; i < BOARD_BUCKETS; i++)
        fold(&sum->counts[i], &histogram->counts[i]);
    fold(&sum->sum_us, &histogram->sum_us);
}

static void fold_route(struct board_route *sum, const struct board_route *route)
{
    for (size_t method = 0; method < BOARD_METHODS; method++)
        for (size_t class = 0; class < BOARD_CLASSES; class ++)
            fold(&sum->requests[method][class], &route->requests[method][class]);
    fold_histogram(&sum->duration, &route->duration);
    fold(&sum->blocked, &route->blocked);
}

/* What a worker wrote is not believed: it may have written anything before it died. */
static uint32_t routes_of(const struct board_slot *slot)
{
    uint32_t n = atomic_load(&slot->n_routes);
    return n < BOARD_ROUTES ? n : BOARD_ROUTES;
}

static void fold_slot(struct board_slot *sum, const struct board_slot *slot)
{
    fold(&sum->accepted, &slot->accepted);
    fold(&sum->bytes_received, &slot->bytes_received);
    fold(&sum->bytes_sent, &slot->bytes_sent);
    fold(&sum->refused, &slot->refused);
    fold_histogram(&sum->loop_lag, &slot->loop_lag);
    fold_histogram(&sum->pool_wait, &slot->pool_wait);
    for (uint32_t i = 0, n = routes_of(slot); i < n; i++) {
        const struct board_route *route = &slot->routes[i];
        size_t len = strnlen(route->name, sizeof route->name);
        fold_route(&sum->routes[board_route(sum, route->name, len)], route);
    }
}

/* Zero, but leave routes alone that were never used: their pages need not exist. The one behind
   the last may have been begun. */
static void clear(struct board_slot *slot)
{
    size_t n = routes_of(slot) + 1;
    memset(slot->routes, 0, (n < BOARD_ROUTES ? n : BOARD_ROUTES) * sizeof slot->routes[0]);
    memset(&slot->crash, 0, sizeof slot->crash);
    memset((void *)slot, 0, offsetof(struct board_slot, routes));
}

void board_put(struct board *board, struct board_slot *slot)
{
    uint32_t turn = atomic_load(&board->retiring);
    atomic_store(&board->retiring, turn + 1);
    atomic_thread_fence(memory_order_seq_cst);
    fold_slot(&board->retired, slot);
    clear(slot);
    atomic_store(&board->retiring, turn + 2);
}

static void add_gauges(struct board_slot *sum, const struct board_slot *slot)
{
    sum->connections += slot->connections;
    sum->in_flight += slot->in_flight;
    sum->pool_threads += slot->pool_threads;
    sum->pool_busy += slot->pool_busy;
    sum->pool_queued += slot->pool_queued;
    sum->rss_bytes += slot->rss_bytes;
    for (uint32_t i = 0, n = routes_of(slot); i < n; i++) {
        const struct board_route *route = &slot->routes[i];
        if (route->is_promoted) {
            size_t len = strnlen(route->name, sizeof route->name);
            sum->routes[board_route(sum, route->name, len)].is_promoted = 1;
        }
    }
}

static void sum_once(const struct board *board, struct board_slot *sum)
{
    memset((void *)sum, 0, sizeof *sum);
    sum->n_routes = 1;
    fold_slot(sum, &board->retired);
    uint32_t n = atomic_load(&board->n_used);
    for (uint32_t i = 0; i < n && i < BOARD_SLOTS; i++) {
        const struct board_slot *slot = &board->slots[i];
        if (atomic_load(&slot->state) == BOARD_FREE)
            continue;
        fold_slot(sum, slot);
        add_gauges(sum, slot);
    }
}

/* The writer may have been stopped half-way: after so many tries any sum is better than none. */
void board_sum(const struct board *board, struct board_slot *sum)
{
    for (int i = 0; i < READ_TRIES; i++) {
        uint32_t turn = atomic_load(&board->retiring);
        sum_once(board, sum);
        atomic_thread_fence(memory_order_seq_cst);
        if (!(turn & 1) && atomic_load(&board->retiring) == turn)
            return;
        sched_yield();
    }
}

/* FNV-1a, to the first NUL: *len is where that is, if there is one. */
static uint8_t hash_name(const char *name, size_t *len)
{
    uint32_t hash = 2166136261u;
    size_t i = 0;
    for (; i < *len && name[i]; i++)
        hash = (hash ^ (unsigned char)name[i]) * 16777619u;
    *len = i;
    return (uint8_t)(hash ^ hash >> 8 ^ hash >> 16 ^ hash >> 24);
}

static bool is_named(const struct board_route *route, const char *name, size_t len)
{
    return !memcmp(route->name, name, len) && route->name[len] == '\0';
}

static uint32_t add_route(struct board_slot *slot, uint32_t n, const char *name, size_t len)
{
    if (n >= BOARD_ROUTES)
        return 0;
    memcpy(slot->routes[n].name, name, len);
    slot->routes[n].name[len] = '\0';
    atomic_store_explicit(&slot->n_routes, n + 1, memory_order_release);
    return n;
}

/* A hint says where a name with that hash was seen last; whether it is there, is looked at. */
uint32_t board_route(struct board_slot *slot, const char *name, size_t len)
{
    static uint8_t hints[HINTS];
    len = !name ? 0 : len < BOARD_ROUTE_BYTES ? len : BOARD_ROUTE_BYTES - 1;
    uint8_t *hint = &hints[hash_name(name, &len)];
    if (len == 0)
        return 0;
    uint32_t n = atomic_load_explicit(&slot->n_routes, memory_order_relaxed);
    if (n == 0) /* a slot that nobody took: [0] is what is not named */
        n = 1;
    if (*hint != 0 && *hint < n && is_named(&slot->routes[*hint], name, len))
        return *hint;
    uint32_t found = 1;
    while (found < n && !is_named(&slot->routes[found], name, len))
        found++;
    if (found == n)
        found = add_route(slot, n, name, len);
    *hint = (uint8_t)found;
    return found;
}

void board_observe(struct board_histogram *histogram, uint64_t value_us)
{
    size_t i = 0;
    while (i < BOARD_BUCKETS - 1 && value_us > board_bounds_us[i])
        i++;
    board_add(&histogram->counts[i], 1);
    board_add(&histogram->sum_us, value_us);
}

/* Always with text where there is a title: a length is what tells that something is wrong. */
void board_dev_set(struct board *board, const char *title, const char *text, size_t len)
{
    struct board_dev *dev = &board->dev;
    uint32_t version = atomic_load(&dev->version);
    if (title && len == 0) {
        text = title;
        len = strlen(title);
    }
    size_t fits = !title ? 0 : len < sizeof dev->text ? len : sizeof dev->text;
    atomic_store(&dev->version, version + 1);
    atomic_thread_fence(memory_order_seq_cst);
    snprintf(dev->title, sizeof dev->title, "%s", title ? title : "");
    if (fits)
        memcpy(dev->text, text, fits);
    dev->len = (uint32_t)fits;
    atomic_store(&dev->version, version + 2);
}

/* One look; the version that it saw before, and whether that still stood afterwards. */
static bool dev_look(const struct board_dev *dev, char *title, char *dst, size_t room,
                     uint32_t *ret_version, size_t *ret_len)
{
    *ret_version = atomic_load(&dev->version);
    if (*ret_version & 1)
        return false;
    size_t len = dev->len < sizeof dev->text ? dev->len : sizeof dev->text;
    if (room == 0)
        len = 0;
    else if (len >= room)
        len = room - 1;
    memcpy(title, dev->title, sizeof dev->title);
    if (room != 0) {
        memcpy(dst, dev->text, len);
        dst[len] = '\0';
    }
    *ret_len = len;
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load(&dev->version) == *ret_version;
}

/* The writer may have been stopped half-way: no reader waits for it for ever. */
uint32_t board_dev_read(const struct board *board, char *title, char *dst, size_t room,
                        size_t *ret_len)
{
    uint32_t version = 0;
    for (int i = 0; i < READ_TRIES; i++) {
        if (dev_look(&board->dev, title, dst, room, &version, ret_len))
            return version;
        sched_yield();
    }
    title[0] = '\0';
    if (room != 0)
        dst[0] = '\0';
    *ret_len = 0;
    return version & ~1u;
}
