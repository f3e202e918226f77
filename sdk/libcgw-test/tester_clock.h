/*
 * The clock of a test, in microseconds since it was opened: virtual, so that it stands while
 * something can run and jumps to the next timer when nothing can, or the system's. Timers that are
 * due at the same time become due in the order they were set. [tester's thread]
 */
#ifndef TESTER_CLOCK_H
#define TESTER_CLOCK_H
#include "tester.h"

#define TESTER_TIMER_MARK 0x72656d69742d7463u
_Static_assert(sizeof(struct tester_timer) <= sizeof(struct cgw_timer), "lies in its storage");

/* Set now_us to 0, or on a real clock to what has passed since then. */
void tester_clock_start(cgw_test *test);
/* On a real clock: look at it. */
void tester_clock_look(cgw_test *test);
/* Arm an own timer, or set it anew: run is due after_us from now. */
void tester_clock_set(struct tester_call *call, struct tester_timer *timer, uint64_t after_us,
                      void (*run)(struct tester_item *item));
/* Idle and zeroed ones too. */
void tester_clock_stop(struct tester_timer *timer);
/* When the next one is due, or TESTER_NEVER. */
uint64_t tester_clock_next(const cgw_test *test);
/* Let time be to_us, not before now, on a virtual clock; what is due by then becomes due. */
void tester_clock_advance(cgw_test *test, uint64_t to_us);
void tester_clock_fini(cgw_test *test);
/* Seconds as microseconds; what is negative or no number is 0. */
uint64_t tester_clock_us(double seconds);
#endif
