/*
 * Whoever holds the tester's thread holds all others: an application's callback that sleeps or
 * computes for too long in real time ends the test, with the name of its call. Time in which the
 * system runs something else, or a debugger has stopped the process, does not count.
 */
#ifndef TESTER_WATCHDOG_H
#define TESTER_WATCHDOG_H
#include "tester.h"

/* Looks after the calling thread, with a thread of its own. patience: seconds. */
struct tester_watchdog *tester_watchdog_new(cgw_test *test, double patience);
void tester_watchdog_free(struct tester_watchdog *watchdog); /* NULL is fine */
void tester_watchdog_forked(struct tester_watchdog *watchdog);
/* Around a callback of call. */
void tester_watchdog_enter(struct tester_watchdog *watchdog, const struct tester_call *call);
/* Inside: from here on it is for another call, or NULL: for none. Outside it does nothing. */
void tester_watchdog_blame(const struct tester_call *call);
void tester_watchdog_leave(struct tester_watchdog *watchdog);
/* A new run begins: what was slept before is forgotten. */
void tester_watchdog_reset(struct tester_watchdog *watchdog);
#endif
