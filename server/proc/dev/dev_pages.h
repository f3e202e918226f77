/*
 * What a worker answers by itself in development (--reload): the error page while the last build
 * cannot be served, the event stream and the script by which pages load themselves anew. All are
 * applications as anybody's, built in; this file says which request is theirs. Loop thread only,
 * one worker in a process.
 */
#ifndef PROC_DEV_DEV_PAGES_H
#define PROC_DEV_DEV_PAGES_H
#include "app/call.h"
#include "base/board.h"

/* Serves where there never was a good build: 503 and what is wrong, as text. */
extern const struct cgw_app dev_no_app;

/*
 * Before the first call of a worker of that generation under --reload: sets is_development and
 * html_tail. board and settings outlive the process. Where there is no memory for the tail, that
 * is logged, and pages do not reload themselves.
 */
void dev_pages_install(struct call_runtime *runtime, const struct board *board, uint32_t generation,
                       const struct settings *settings);
/* Which of the applications here answers this http call; NULL: none of them. */
const struct cgw_app *dev_pages_choose(const struct call *call);
#endif
