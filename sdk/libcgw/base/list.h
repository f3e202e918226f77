/*
 * Rings of nodes that lie in what they link. A node that is in no list is a ring of its own, so
 * that removing it twice is harmless.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H
#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *previous;
};

#define list_owner(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))
#define list_each(node, ring) \
    for (struct list *node = (ring)->next; node != (ring); node = node->next)

static inline void list_init(struct list *list)
{
    list->next = list->previous = list;
}

/* As list_remove(), of one that is not looked at any more. */
static inline void list_drop(const struct list *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

static inline void list_append(struct list *list, struct list *node)
{
    node->next = list;
    node->previous = list->previous;
    list->previous->next = node;
    list->previous = node;
}

static inline void list_remove(struct list *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}

/* The first node, removed, or NULL. */
static inline struct list *list_take(struct list *list)
{
    struct list *node = list->next;
    if (node == list)
        return NULL;
    list_remove(node);
    return node;
}
#endif
