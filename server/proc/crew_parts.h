/* Between the files of the crew. */
#ifndef PROC_CREW_PARTS_H
#define PROC_CREW_PARTS_H
#include "proc/crew.h"

/* Fork a worker. NULL: it could not be, which is logged. */
struct member *member_start(struct crew *crew, uint32_t position, struct generation *generation);
/* Let it drain, as others serve in its place; a starting one just ends. */
void member_retire(struct member *member);
/* The server stops: drain, with the backlog; is_now: leave at once. */
void member_end(struct member *member, bool is_now);
/* It does not turn its loop any more: end it by force, with a trace. */
void member_hangs(struct member *member);
/* It is gone: no part of the crew any more, its channel is closed. */
void member_part(struct member *member);
/* The same, and its memory. */
void member_free(struct member *member);
/* In a forked child: close the supervisor's end of the channel. */
void member_forget(struct member *member);

/* Told by members. */
void crew_ready(struct crew *crew, struct member *member);
/* Its loop does not turn: it is being ended, and needs somebody in its place. */
void crew_hangs(struct crew *crew, struct member *member);
void crew_exited(struct crew *crew, struct member *member, int status);
/* Take the next step, if there is one. */
void crew_reconcile(struct crew *crew);

/* crew_watch.c: look once a second who hangs, is too large or too old. */
void crew_watch_start(struct crew *crew);
#endif
