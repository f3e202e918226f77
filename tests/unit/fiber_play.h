/*
 * What fibers must do on every processor and under every tool that watches; check_fiber.c does
 * more. Needs no library, so that it can be compiled for another processor. Each function says what
 * is wrong on standard error and aborts.
 */
#ifndef FIBER_PLAY_H
#define FIBER_PLAY_H
#include "fiber/fiber.h"
#include <stdio.h>
#include <stdlib.h>

#define EXPECT(condition)                                                           \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

struct fiber_play {
    const char *name;
    void (*run)(void);
};

extern const struct fiber_play fiber_plays[]; /* up to a name that is NULL */

/* A pool, and the calling thread as play_home. */
extern __thread struct fiber_pool *play_pool;
extern __thread struct fiber play_home;
void play_begin(size_t stack_bytes, size_t head_bytes);
void play_end(void);
/* A fiber that must be there; its head is dropped. */
struct fiber *play_fiber(void (*entry)(void *arg), void *arg);
/* Run it until it switches to play_home. */
void play_resume(struct fiber *fiber);
/* Recurse for so many frames of 1 KiB; what it returns depends on all. */
unsigned play_dig(unsigned depth);
#endif
