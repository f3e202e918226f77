/*
 * Letters in a chain under a lock. wake() runs under it too, so that no poster can wake a loop that
 * has closed its box.
 */
#include "app/mailbox.h"
#include <stddef.h>

int mailbox_init(struct mailbox *mailbox, void (*wake)(void *), void *wake_arg)
{
    *mailbox = (struct mailbox){.last = NULL, .wake = wake, .wake_arg = wake_arg};
    mailbox->last = &mailbox->first;
    return -pthread_mutex_init(&mailbox->lock, NULL);
}

/* The lock is not destroyed: a thread that outlives the loop may still post, and is not heard. */
void mailbox_fini(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    mailbox->is_closed = true;
    pthread_mutex_unlock(&mailbox->lock);
}

void mailbox_post(struct mailbox *mailbox, struct letter *letter)
{
    letter->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    if (!mailbox->is_closed) {
        bool was_empty = !mailbox->first;
        *mailbox->last = letter;
        mailbox->last = &letter->next;
        if (was_empty)
            mailbox->wake(mailbox->wake_arg);
    }
    pthread_mutex_unlock(&mailbox->lock);
}

void mailbox_run(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    struct letter *letter = mailbox->first;
    mailbox->first = NULL;
    mailbox->last = &mailbox->first;
    pthread_mutex_unlock(&mailbox->lock);
    while (letter) {
        struct letter *next = letter->next;
        letter->open(letter);
        letter = next;
    }
}
