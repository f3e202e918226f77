/*
 * A host for the runtime alone: a clock that jumps when nothing else is to do, a pool of real
 * threads, and a schedule by seed. One per test process; all functions are of its main thread but
 * for those of tasks.
 */
#ifndef TASK_PLAY_H
#define TASK_PLAY_H
#include "task/task.h"
#include "unit.h"

struct play_settings {
    unsigned seed;               /* 0: first come, first served */
    unsigned threads, max_queue; /* 0: 4 and 1000 */
};

extern struct runtime *play_runtime;

void play_open(struct play_settings settings);
/* Run fn(arg) as a task, and all that it starts, until the last has ended: what fn answered. A
   state in which nothing more can happen fails the test. */
int play(cgw_task_fn *fn, void *arg);
/* The same as sync code, on a thread. */
int play_sync(cgw_task_fn *fn, void *arg);
/* From inside: one more task, which belongs to nobody. */
struct task *play_task(cgw_task_fn *fn, void *arg);
void play_close(void);
double play_seconds(void);            /* on the clock */
size_t play_logged(const char *part); /* lines so far with that part */
size_t play_n_jobs(void);             /* that the pool was given so far */

/* What happened, as text: each step is a character or two; compared at the end. [task, also on
 * threads] */
void play_note(const char *step);
const char *play_notes(void);
/* A child for groups: it sleeps, then answers. */
struct child {
    double seconds;
    int answer;
    int slept; /* how that ended */
};
int child(void *arg);
/* fn as a task that must answer CGW_OK, in a play that is left open. */
void play_once(cgw_task_fn *fn);

/* A literal as an argument. */
static inline void *play_text(const char *text)
{
    return (void *)(uintptr_t)text;
}

/* For many seeds: each in turn an own play; fn(arg) is the task. */
void play_seeds(unsigned n, cgw_task_fn *fn, void *arg);
/* As play_seeds(), on threads. */
void play_seeds_sync(unsigned n, cgw_task_fn *fn, void *arg);
#endif
