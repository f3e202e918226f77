/*
 * An application on the bare interface for tests of libcgw-test, and what those tests share. Its
 * path chooses what it does; arguments stand in the query as key=value, joined by '&':
 *
 *   /see?field=NAME   "name=value;" of each such field of the request
 *   /set              a set-cookie field of the whole query, decoded
 *   /to?STATUS=URL    that status, with that location; without "=URL" its own
 *   /method           "METHOD content-type body"
 *   /sleep?s=N        a timer of N seconds, then "slept"
 *   /block?ms=N       N real milliseconds asleep in the callback
 *   /spin?ms=N        the same, at work
 *   /note?n=N&s=N     N times: notes its id and lets a timer of s seconds pass
 *   /stream?n=N&s=N   N pieces "piece", with a timer in between
 *   /upload           counts events of its body: "3 events, 10 bytes"
 *   /wait             for the client to leave
 *   /never            for nothing
 *   /thread?ms=N      N real milliseconds on a pool thread
 *   /fail?status=N    finish() with that status
 *   /half?status=N    a start, a piece, and finish() with that status
 *   /log              a line for the log: the query
 *   /scope            "scheme root_path path raw_path query client"
 *   /wrong?WHAT       breaks the interface: see there
 */
#ifndef TESTER_PLAY_H
#define TESTER_PLAY_H
#include <cgw/test.h>
#include <stdbool.h>

extern const struct cgw_app play_app;
/* What lifespans do: read when it begins. */
extern const char *play_startup_failure, *play_shutdown_failure;
extern int play_starts, play_stops;
/* The notes of /note so far, in order; play_forget() begins anew. */
extern char play_notes[4096];
void play_forget(void);
/* Run fn in a child, which has to end by SIGABRT: what it printed. Static. */
const char *play_dies(void (*fn)(void));
#endif
