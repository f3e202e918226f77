/*
 * The one way from other threads to the worker's loop: letters in, run on the loop in order. The
 * letter's memory is its sender's or freed by its function, so posting allocates nothing.
 */
#ifndef APP_MAILBOX_H
#define APP_MAILBOX_H
#include <pthread.h>
#include <stdbool.h>

struct letter {
    struct letter *next;
    void (*open)(struct letter *letter); /* runs on the loop; may free or post the letter anew */
};

struct mailbox {
    pthread_mutex_t lock;
    struct letter *first, **last;
    bool is_closed;
    void (*wake)(void *arg); /* makes the loop call mailbox_run() soon; [any-thread] */
    void *wake_arg;
};

/* 0 or a negative errno. wake runs under the box's lock: it must not post. */
int mailbox_init(struct mailbox *mailbox, void (*wake)(void *), void *wake_arg);
/* Letters that are in it, and that come later, are never opened; the struct must stay while any
   thread may still post. [loop-thread] */
void mailbox_fini(struct mailbox *mailbox);
/* Put a letter in; wakes the loop where the box was empty. [any-thread] */
void mailbox_post(struct mailbox *mailbox, struct letter *letter);
/* Open all letters that are there now. [loop-thread] */
void mailbox_run(struct mailbox *mailbox);
#endif
