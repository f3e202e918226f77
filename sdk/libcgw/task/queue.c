/*
 * Bounded queues: a ring that grows up to its capacity. Getters wait only while it is empty,
 * putters only while it is full, so an item goes into a getter's hand, or a putter's into the ring,
 * as soon as there is room: the order is that in which putters came.
 */
#include "base/memory.h"
#include "task/wait.h"

struct queue_ask {
    cgw_queue *queue;
    void *item;
    const struct cgw_site *site;
    bool may_wait;
};

static uint32_t capacity_of(const cgw_queue *queue)
{
    return queue->capacity ? queue->capacity : 1;
}

static void **place(const cgw_queue *queue, uint32_t i)
{
    return &queue->items[((uint64_t)queue->first + i) % queue->room];
}

/* Twice the room, in order from 0 on. */
static int grow(cgw_queue *queue)
{
    uint64_t room = queue->room ? 2 * (uint64_t)queue->room : 8;
    if (room > capacity_of(queue))
        room = capacity_of(queue);
    void **items = memory_alloc((size_t)room * sizeof(*items));
    if (!items)
        return CGW_ENOMEM;
    for (uint32_t i = 0; i < queue->len; i++)
        items[i] = *place(queue, i);
    memory_free(queue->items);
    queue->items = items;
    queue->room = (uint32_t)room;
    queue->first = 0;
    return CGW_OK;
}

static int append(cgw_queue *queue, void *item)
{
    if (queue->len == queue->room && grow(queue) != CGW_OK)
        return CGW_ENOMEM;
    *place(queue, queue->len++) = item;
    return CGW_OK;
}

static int put_on_loop(void *arg)
{
    const struct queue_ask *ask = arg;
    cgw_queue *queue = ask->queue;
    int reason = ask->may_wait ? task_reason(task_here()) : 0;
    if (reason || queue->is_closed)
        return reason ? reason : CGW_ESHUT;
    struct cgw__waiter *getter = wait_take(&queue->getters);
    if (getter) {
        getter->item = ask->item;
        wait_wake(getter, CGW_OK);
        return CGW_OK;
    }
    if (queue->len < capacity_of(queue))
        return append(queue, ask->item);
    if (!ask->may_wait)
        return CGW_EBUSY;
    struct cgw__waiter waiter = {.item = ask->item};
    return wait_in(&queue->putters, &waiter, "waiting for room in a queue", ask->site);
}

int cgw__queue_put(cgw_queue *queue, void *item, const struct cgw_site *site)
{
    struct queue_ask ask = {queue, item, site, true};
    return task_on_loop(put_on_loop, &ask);
}

int cgw_queue_try_put(cgw_queue *queue, void *item)
{
    struct queue_ask ask = {queue, item, NULL, false};
    return task_on_loop(put_on_loop, &ask);
}

/* There is one; and room then, for the first that waits to put. */
static void take_first(cgw_queue *queue, void **ret_item)
{
    *ret_item = *place(queue, 0);
    queue->first = (queue->first + 1) % queue->room;
    queue->len--;
    struct cgw__waiter *putter = wait_take(&queue->putters);
    if (!putter)
        return;
    *place(queue, queue->len++) = putter->item;
    wait_wake(putter, CGW_OK);
}

static int get_on_loop(void *arg)
{
    struct queue_ask *ask = arg;
    cgw_queue *queue = ask->queue;
    int reason = ask->may_wait ? task_reason(task_here()) : 0;
    if (reason)
        return reason;
    if (queue->len) {
        take_first(queue, &ask->item);
        return CGW_OK;
    }
    if (queue->is_closed || !ask->may_wait)
        return queue->is_closed ? CGW_ESHUT : CGW_EBUSY;
    struct cgw__waiter waiter = {.item = NULL};
    int status = wait_in(&queue->getters, &waiter, "waiting for a queue", ask->site);
    ask->item = waiter.item;
    return status;
}

static int get(struct queue_ask *ask, void **ret_item)
{
    int status = task_on_loop(get_on_loop, ask);
    if (status == CGW_OK)
        *ret_item = ask->item;
    return status;
}

int cgw__queue_get(cgw_queue *queue, void **ret_item, const struct cgw_site *site)
{
    struct queue_ask ask = {queue, NULL, site, true};
    return get(&ask, ret_item);
}

int cgw_queue_try_get(cgw_queue *queue, void **ret_item)
{
    struct queue_ask ask = {queue, NULL, NULL, false};
    return get(&ask, ret_item);
}

static int close_on_loop(void *arg)
{
    cgw_queue *queue = arg;
    queue->is_closed = true;
    wait_wake_all(&queue->getters, CGW_ESHUT);
    wait_wake_all(&queue->putters, CGW_ESHUT);
    return CGW_OK;
}

void cgw_queue_close(cgw_queue *queue)
{
    (void)task_on_loop(close_on_loop, queue);
}

void cgw_queue_fini(cgw_queue *queue)
{
    memory_free(queue->items);
    queue->items = NULL;
    queue->room = queue->first = queue->len = 0;
}
