/*
 * All helpers of a worker, as the worker sees them: who is idle, who works for which task, and what
 * the zygote tells of those that have ended. All of it on the loop's thread.
 *
 * Nothing is watched while nobody works: an idle worker has no wake-ups of ours, and what has ended
 * meanwhile is found when the next job comes.
 */
#ifndef PROCESS_STAFF_H
#define PROCESS_STAFF_H
#include "process/zygote.h"
#include "task/task.h"

struct staff;

/* A helper that works for a task, or is idle. It is a task's from staff_take() to staff_give() or
   staff_dismiss(). */
struct staff_member {
    struct list link; /* of all */
    struct list rest; /* of those that are idle, last used first; or alone */
    struct staff *staff;
    int fd;
    uint32_t id;
    uint64_t n_jobs;
    struct cgw_watch watch;
    struct timer idle;
    struct task *waiter; /* parked in staff_wait(), or NULL */
    bool has_ended;
    int status; /* of waitpid(2), where it has ended; -1: nobody knows */
    int error;  /* errno: it was never begun; else 0 */
};

/* Fork the zygote, from a task. CGW_OK or a code. options: as long as the staff. */
int staff_new(const struct cgw_processes *options, struct staff **ret_staff);
/* All end. NULL is fine. Suspends. */
void staff_free(struct staff *staff);
const struct cgw_processes *staff_options(const struct staff *staff);

/* One that is idle, or a new one. CGW_OK; CGW_EBUSY: none was free in time, or no process can be
   had; CGW_ENOMEM; why the task was canceled. Suspends. */
int staff_take(struct staff *staff, const struct cgw_site *site, struct staff_member **ret_member);
/* It has answered and is free for the next. */
void staff_give(struct staff_member *member);
/* Nobody wants it any more, whatever it does: it is killed. */
void staff_dismiss(struct staff_member *member);
/* Kill it, and wait until it has ended. CGW_OK, or why the task was canceled. Suspends. */
int staff_end(struct staff_member *member, const struct cgw_site *site);
/* Until its socket is ready for one of the events, or it has ended. CGW_OK, or why the task was
   canceled. Suspends. */
int staff_wait(struct staff_member *member, uint32_t events, const struct cgw_site *site);
#endif
