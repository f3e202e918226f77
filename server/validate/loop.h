/*
 * The loop of the hostile host: tasks that are due, timers on a clock that skips ahead when there
 * is nothing else to do, watched descriptors, and the door for other threads.
 */
#ifndef VALIDATE_LOOP_H
#define VALIDATE_LOOP_H
#include <cgw/abi.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct vcall;

/* Something to do on the call's thread, once. */
struct task {
    struct task *next;
    struct vcall *call;
    void (*run)(struct task *task); /* on the loop; the loop frees the task afterwards */
    cgw_done_fn *done;
    void (*fn)(struct cgw_call *call, void *arg);
    void *arg;
    int status;
};

/* Before the module is loaded. */
void loop_init(void);
/* A zeroed task; ends the child where there is no memory. */
struct task *loop_task(struct vcall *call, void (*run)(struct task *task));
void loop_add(struct task *task); /* [any-thread] */

/* Run one due thing, newest first where told so. false: nothing came up within wait_ms. */
bool loop_turn(bool newest_first, unsigned wait_ms);
uint64_t loop_now_us(void);

/* Pool functions that still run hold the skipping clock and the end of a play. [any-thread] */
void loop_job_begun(void);
void loop_job_ended(void);
bool loop_has_jobs(void);
/* Nothing of the real world is waited for: no descriptor, no pool function. */
bool loop_is_idle(void);

/* Guards what threads share: the list of calls, their posts and their conditions. */
extern pthread_mutex_t loop_lock;

/* ---- timers and watches ---- */

struct loop_item {
    struct loop_item *next;
    struct vcall *call;
    uint64_t id;
    uint64_t due_us;         /* of a timer */
    struct cgw_timer *timer; /* one of the two */
    struct cgw_watch *watch;
    cgw_timer_fn *timer_fn;
    cgw_watch_fn *watch_fn;
    void *arg;
    int fd;
    uint32_t events;
};

/* Arm; a timer or watch that is armed is set anew. item is copied. */
void loop_arm(const struct loop_item *item);
/* Disarm; what is not armed stays so. */
void loop_disarm(const void *storage);
/* Disarm all of the call's. */
void loop_disarm_call(const struct vcall *call);
/* Is storage of the call's timers or watches between low and high? */
bool loop_has_storage_between(const struct vcall *call, const void *low, const void *high);
#endif
