/* Two signals, and what comes of them between two turns of the loop. */
#include "proc/worker_debug.h"
#include "base/clock.h"
#include "proc/debug/tasks_page.h"
#include <signal.h>
#include <unistd.h>

enum { MOMENT_US = 50000 };

/* A terminal's Ctrl-\ reaches us by itself and by the supervisor's word: that is one question. */
void worker_debug_log(struct worker_debug *debug)
{
    uint64_t now_us = clock_now_us();
    if (!debug->worker.runtime || now_us - debug->logged_us < MOMENT_US)
        return;
    tasks_log(&debug->worker);
    debug->logged_us = clock_now_us();
}

static void on_quit(struct ev_loop *loop, ev_signal *signal, int events)
{
    (void)loop, (void)events;
    worker_debug_log(signal->data);
}

static void on_ask(struct ev_loop *loop, ev_signal *signal, int events)
{
    struct worker_debug *debug = signal->data;
    struct tasks_page *page = debug->page;
    uint32_t wanted = atomic_load(&page->wanted);
    (void)loop, (void)events;
    atomic_fetch_add(&page->version, 1);
    atomic_thread_fence(memory_order_release);
    tasks_print(&debug->worker, page->text, sizeof page->text);
    atomic_fetch_add(&page->version, 1);
    atomic_store(&page->given, wanted);
}

static void watch(struct worker_debug *debug, struct ev_loop *loop, ev_signal *signal,
                  void (*fn)(struct ev_loop *, ev_signal *, int), int number)
{
    ev_signal_init(signal, fn, number);
    signal->data = debug;
    ev_signal_start(loop, signal);
}

/* Who had the slot before may have died while it wrote. */
static void open_page(struct tasks_page *page)
{
    if (atomic_load(&page->version) & 1)
        atomic_fetch_add(&page->version, 1);
    page->text[0] = '\0';
    atomic_store(&page->given, atomic_load(&page->wanted));
    atomic_store(&page->pid, (int)getpid());
}

void worker_debug_start(struct worker_debug *debug, const struct worker_start *start,
                        struct call_runtime *runtime, struct ev_loop *loop)
{
    if (!start->settings->debug || start->is_metrics)
        return;
    call_set_debug(true);
    debug->worker = (struct tasks_worker){runtime, start->position, start->generation};
    watch(debug, loop, &debug->quit, on_quit, SIGQUIT);
    if (!start->tasks)
        return;
    debug->page = &start->tasks->slots[start->slot - start->board->slots];
    watch(debug, loop, &debug->ask, on_ask, TASKS_PAGE_SIGNAL);
    open_page(debug->page);
}
