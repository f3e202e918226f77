/* Asking, waiting and copying; the worker's side is proc/worker_debug.c. */
#include "proc/debug/tasks_page.h"
#include "base/mem.h"
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NAP_MS = 2, COPY_TRIES = 100 };

struct tasks_pages *tasks_pages_new(void)
{
    void *memory = mmap(NULL, sizeof(struct tasks_pages), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void tasks_pages_free(struct tasks_pages *pages)
{
    if (pages)
        munmap(pages, sizeof *pages);
}

/* Of its process, which is still the slot's. */
static bool is_answering(const struct tasks_page *page, const struct board_slot *slot)
{
    int pid = atomic_load(&page->pid);
    return pid && pid == atomic_load(&slot->pid) && atomic_load(&slot->state) != BOARD_FREE;
}

/* What was asked of each. */
struct asked {
    bool is_asked[BOARD_SLOTS];
    uint32_t wanted[BOARD_SLOTS];
};

static void ask_all(struct tasks_pages *pages, const struct board *board, struct asked *asked)
{
    for (size_t i = 0; i < BOARD_SLOTS; i++) {
        struct tasks_page *page = &pages->slots[i];
        asked->is_asked[i] = is_answering(page, &board->slots[i]);
        if (!asked->is_asked[i])
            continue;
        asked->wanted[i] = atomic_fetch_add(&page->wanted, 1) + 1;
        asked->is_asked[i] = kill(atomic_load(&page->pid), TASKS_PAGE_SIGNAL) == 0;
    }
}

static bool has_given(const struct tasks_page *page, uint32_t wanted)
{
    return (int32_t)(atomic_load(&page->given) - wanted) >= 0;
}

/* false: it is written at the moment, again and again. */
static bool copy(const struct tasks_page *page, char *dst)
{
    for (int i = 0; i < COPY_TRIES; i++) {
        uint32_t before = atomic_load(&page->version);
        memcpy(dst, page->text, TASKS_PAGE_BYTES);
        atomic_thread_fence(memory_order_acquire);
        if (!(before & 1) && atomic_load(&page->version) == before)
            break;
        if (i + 1 == COPY_TRIES)
            return false;
        poll(NULL, 0, 1);
    }
    dst[TASKS_PAGE_BYTES - 1] = '\0';
    return true;
}

static int put(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

static int show_one(const struct tasks_page *page, const struct board_slot *slot, bool has_answered,
                    char *room, int fd)
{
    char line[160];
    if (has_answered && copy(page, room))
        return put(fd, room, strlen(room));
    int n = snprintf(line, sizeof line,
                     "worker %u, pid %d, generation %u\n  does not answer: something holds its "
                     "loop\n",
                     slot->position, atomic_load(&slot->pid), slot->generation);
    return put(fd, line, (size_t)n);
}

int tasks_pages_show(struct tasks_pages *pages, const struct board *board, int timeout_ms, int fd)
{
    struct asked asked = {0};
    char *room = mem_alloc(TASKS_PAGE_BYTES);
    int rc = room ? 0 : -ENOMEM;
    if (room)
        ask_all(pages, board, &asked);
    for (size_t i = 0; i < BOARD_SLOTS && rc == 0; i++) {
        const struct tasks_page *page = &pages->slots[i];
        const struct board_slot *slot = &board->slots[i];
        if (!asked.is_asked[i])
            continue;
        for (; !has_given(page, asked.wanted[i]) && timeout_ms > 0; timeout_ms -= NAP_MS)
            poll(NULL, 0, NAP_MS);
        if (is_answering(page, slot)) /* it may have left meanwhile */
            rc = show_one(page, slot, has_given(page, asked.wanted[i]), room, fd);
    }
    mem_free(room);
    return rc;
}
