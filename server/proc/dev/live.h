/*
 * What is live: an id of what a browser would be shown now. It differs from the one before when
 * another generation serves, when the build breaks or is mended, and when the whole server is
 * another; a page carries the id that it was made under, the event stream tells the present one.
 *
 * One for the process, as there is one worker in it. Loop thread only.
 */
#ifndef PROC_DEV_LIVE_H
#define PROC_DEV_LIVE_H
#include "base/board.h"

enum { LIVE_ID_BYTES = 48, LIVE_TITLE_BYTES = sizeof(((struct board_dev *)0)->title) };

/* Before anything else here. The board outlives the process. */
void live_init(const struct board *board, uint32_t generation);
/* Is there a text that says why the last build cannot be served? */
bool live_is_broken(void);
/* That text into dst (room bytes, NUL-terminated), its title into LIVE_TITLE_BYTES bytes, and the
   id that goes with them into LIVE_ID_BYTES. Its length; 0: the last build is fine. */
size_t live_read(char *title, char *dst, size_t room, char *id);
/* The id into LIVE_ID_BYTES, or that of a page of the application, which is shown while all is
   well. */
void live_id(char *id);
void live_page_id(char *id);
#endif
