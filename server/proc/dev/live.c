/* The id: when the server was started, the worker's generation, and which error there is, if any.
 */
#include "proc/dev/live.h"
#include <stdio.h>

static struct {
    const struct board *board;
    uint32_t generation;
} live;

void live_init(const struct board *board, uint32_t generation)
{
    live.board = board;
    live.generation = generation;
}

static void print_id(char *id, uint32_t error)
{
    snprintf(id, LIVE_ID_BYTES, "%llx-%x-%x", (unsigned long long)live.board->started_us,
             live.generation, error);
}

size_t live_read(char *title, char *dst, size_t room, char *id)
{
    size_t len;
    uint32_t version = board_dev_read(live.board, title, dst, room, &len);
    print_id(id, len ? version : 0);
    return len;
}

bool live_is_broken(void)
{
    char title[LIVE_TITLE_BYTES], text[2], id[LIVE_ID_BYTES];
    return live_read(title, text, sizeof text, id) != 0;
}

void live_id(char *id)
{
    char title[LIVE_TITLE_BYTES], text[2];
    live_read(title, text, sizeof text, id);
}

void live_page_id(char *id)
{
    print_id(id, 0);
}
