/*
 * The scoreboard: one piece of memory that the supervisor makes and all its processes map, with a
 * slot for each worker. Workers count and mark here what they do; the supervisor, the metrics and
 * cgw-serve --status only read. What a worker left when it died (why, at which request, in which
 * frames) is read from its slot, so everything here is plain data of fixed size: no pointers that
 * another process would follow, nothing that needs a lock.
 *
 * Who writes: a slot is its worker's loop thread's, but for the fields marked [supervisor] and the
 * crash report, which is written by the thread that crashes. Counters have one writer each, so an
 * addition is a relaxed load and a store.
 */
#ifndef BASE_BOARD_H
#define BASE_BOARD_H
#include "base/trace.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    BOARD_SLOTS = 128,  /* processes at one time, draining ones too */
    BOARD_ROUTES = 200, /* named by applications; [0] takes what is not named, or is one too many */
    BOARD_ROUTE_BYTES = 96,
    BOARD_BUCKETS = 16,
    BOARD_REQUEST_BYTES = 512,
    BOARD_DEV_BYTES = 64 * 1024
};

typedef _Atomic uint64_t board_count;

enum board_method {
    BOARD_GET,
    BOARD_HEAD,
    BOARD_POST,
    BOARD_PUT,
    BOARD_PATCH,
    BOARD_DELETE,
    BOARD_OPTIONS,
    BOARD_OTHER,
    BOARD_METHODS
};

/* Status classes: [0] no status was sent (aborted), [1] 1xx, ... [5] 5xx. */
enum { BOARD_CLASSES = 6 };

/* counts[i]: values up to the bound of bucket i and above that of i - 1; the last has no bound. */
struct board_histogram {
    board_count counts[BOARD_BUCKETS], sum_us;
};
/* Upper bounds in microseconds, BOARD_BUCKETS - 1 of them: of durations, and of the loop's lag. */
extern const uint32_t board_bounds_us[BOARD_BUCKETS - 1];

struct board_route {
    char name[BOARD_ROUTE_BYTES]; /* NUL-terminated, cut; written before n_routes covers it */
    board_count requests[BOARD_METHODS][BOARD_CLASSES];
    struct board_histogram duration;
    board_count blocked;          /* times that a call of it held the loop too long */
    _Atomic uint32_t is_promoted; /* --promote-blocking has moved it to the pool */
};

enum board_state { BOARD_FREE, BOARD_STARTING, BOARD_SERVING, BOARD_DRAINING, BOARD_STOPPING };

/* What one request is, for reports. Strings are cut, NUL-terminated and as sent: escape them. */
struct board_request {
    bool is_known;
    uint64_t id;
    char line[BOARD_REQUEST_BYTES]; /* "GET /a?b HTTP/1.1" */
    char route[BOARD_ROUTE_BYTES];  /* "" not named */
};

/* What the loop's thread says of itself, asked for by a signal, where it cannot be seen from
   outside. */
struct board_sample {
    _Atomic uint32_t signal; /* that asks for it, sent to the thread whose number is the process's;
                                0: it cannot be asked */
    _Atomic uint32_t wanted; /* [supervisor] grows with each request */
    _Atomic uint32_t taken;  /* of wanted, what is answered here: */
    struct board_request request;
    struct trace trace;
};

/* Left by a worker that dies of itself. stage grows as the report does: the handler may crash. */
struct board_crash {
    _Atomic uint32_t stage; /* 0: none; 1: cause; 2: request; 3: clients told; 4: frames */
    int signal;             /* 0: a sanitizer's death callback */
    int code;               /* si_code */
    uint64_t address;       /* si_addr */
    bool is_stack_overflow;
    bool is_from_supervisor;     /* it had asked for this death */
    bool is_on_loop, is_on_pool; /* whose the thread is; neither: one of the application's own */
    uint32_t n_told, n_reset;    /* clients that got the 502; connections that were reset */
    struct board_request request;
    struct trace trace;
};

struct board_slot {
    _Atomic int pid;        /* [supervisor] 0: free */
    _Atomic uint32_t state; /* enum board_state */
    uint32_t position;      /* [supervisor] which of the --workers it is */
    uint32_t generation;    /* [supervisor] */
    uint64_t started_us;    /* [supervisor] wall clock */

    /* the loop's pulse */
    board_count ticks; /* turns of the loop; at least one a second */
    /* How often the application was entered on the loop, twice: odd while it is inside, even when
       it has left; where it goes on with another call inside, the next odd number. Current is the
       struct call that it works for, an address in the worker; 0: for none. */
    board_count entered;
    _Atomic uint64_t current;
    uint64_t application; /* where its descriptor lies in the worker */
    /* [supervisor] the value of entered that was found to be blocked, with since when it had been
       seen, and when it had not begun yet (monotonic); 0: none. The worker reports the total. */
    _Atomic uint64_t blocked_entered, blocked_since_us, blocked_before_us;
    char blocked_site[160]; /* [supervisor] "slow_handler app.c:42", or "" not known yet */
    /* [supervisor] 1: its site was told before, maybe by another worker: the total is not told. */
    _Atomic uint32_t blocked_was_told;
    struct board_sample sample;

    /* gauges, as of the last turn */
    _Atomic uint32_t connections, in_flight;
    _Atomic uint32_t pool_threads, pool_busy, pool_queued; /* as of the last tick */
    _Atomic uint64_t rss_bytes;                            /* the same; 0: not known */

    /* counters */
    board_count accepted, bytes_received, bytes_sent;
    board_count refused; /* requests answered 503 for a limit, or with a client error by the host */
    struct board_histogram loop_lag;  /* turns of the loop, without the wait */
    struct board_histogram pool_wait; /* from the queue to a thread */
    _Atomic uint32_t n_routes;        /* in routes, [0] included; names never change */
    struct board_route routes[BOARD_ROUTES];

    struct board_crash crash;
};

/* Why a page cannot be had, in development; readers copy it with board_dev_read(). */
struct board_dev {
    _Atomic uint32_t version; /* odd while it is written; grows with each change */
    uint32_t len;             /* of text; 0: the last build was fine */
    char title[256];          /* "app.c does not compile" */
    char text[BOARD_DEV_BYTES];
};

#define BOARD_MAGIC  0x42574743u /* "CGWB" */
#define BOARD_LAYOUT 7u          /* grows when anything above changes */

struct board {
    uint32_t magic, layout, bytes;
    _Atomic int supervisor; /* its pid */
    uint64_t started_us;    /* wall clock */
    char module[256];       /* as the operator named it */
    char url[128];          /* of the first listener */
    _Atomic uint32_t generation, workers_wanted, is_draining;
    board_count restarts, crashes, hangs, recycled; /* of workers */
    board_count reloads, reloads_failed, rollbacks;
    _Atomic uint32_t retiring; /* odd while a slot's counters move to retired: read again */
    _Atomic uint32_t n_used;   /* slots from this one on were never taken */
    struct board_slot retired; /* the sums of workers that are gone; only its counters count */
    struct board_slot slots[BOARD_SLOTS];
    struct board_dev dev;
};

/* A new one, in a memfd that other processes can find: NULL with errno. Pages that nobody has
   touched take no memory. */
struct board *board_new(void);
/* That of a running supervisor, read-only: NULL with errno (EPROTO: of another version; ENOENT: the
   process has none; ESRCH: there is no such process; EACCES: another user's). */
const struct board *board_open(pid_t supervisor);
void board_close(const struct board *board);

/* [supervisor] A free slot, zeroed, or NULL: none. */
struct board_slot *board_take(struct board *board);
/* [supervisor] Its worker is gone: add what it counted to retired, free it. */
void board_put(struct board *board, struct board_slot *slot);

/*
 * All that was ever counted, and the gauges of the workers that live, into *sum (uninitialised
 * memory; about 130 KiB), routes by name. No counter is ever smaller than in a sum before.
 */
void board_sum(const struct board *board, struct board_slot *sum);

/* The route of that name in the slot, made where it is new; 0 when there are too many, or for an
   empty name. Loop thread only. */
uint32_t board_route(struct board_slot *slot, const char *name, size_t len);

/* [supervisor] Publish what is wrong with the build; title NULL: nothing any more. */
void board_dev_set(struct board *board, const char *title, const char *text, size_t len);
/* A consistent copy of text into dst (room bytes, NUL-terminated; cut), title into 256 bytes.
   Its version; *ret_len 0: nothing is wrong. */
uint32_t board_dev_read(const struct board *board, char *title, char *dst, size_t room,
                        size_t *ret_len);

static inline void board_add(board_count *count, uint64_t n)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
                          memory_order_relaxed);
}
static inline uint64_t board_get(const board_count *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}
void board_observe(struct board_histogram *histogram, uint64_t value_us);
#endif
