/*
 * What libcgw and libcgw-test tell each other, through the two doors of the interface: tables that
 * the application offers (cgw_app.extension) and tables that the test's host offers.
 */
#ifndef BASE_HOOKS_H
#define BASE_HOOKS_H
#include <cgw/abi.h>

/* Of the application: cgw_app.extension(HOOKS_TEST). state is what the lifespan left. */
#define HOOKS_TEST "cgw.sdk.test/1"
struct hooks_test {
    uint32_t size;
    uint32_t reserved;
    /* The dependency of that name gives a copy of len bytes at value (fn NULL), or what fn gives;
       both NULL: as it was. CGW_OK; CGW_ENOENT no such dependency; CGW_EINVAL its size differs.
       [call-thread, outside of any call] */
    int (*override)(void *state, const char *dependency, const void *value, size_t len,
                    void (*fn)(void));
    /* Tasks that are alive: handlers, children, background ones, spawned ones. */
    size_t (*n_tasks)(void *state);
};

/* Of the test's host: host->extension(HOOKS_SCHEDULE). */
#define HOOKS_SCHEDULE "cgw.sdk.schedule/1"
struct hooks_schedule {
    uint32_t size;
    uint32_t reserved;
    /* Which of n tasks that could run now is next: 0 to n-1. */
    uint32_t (*pick)(struct cgw_call *call, uint32_t n);
    /* Of the pool threads that cgw.thread/1 has given out, one more (1) waits for the loop's
       thread, or one no longer does (-1): said behind the post() that asks, and before the thread
       is woken. The test's clock stands while a thread works, and must not while it waits.
       [any-thread] */
    void (*waits)(struct cgw_call *call, int change);
};
#endif
