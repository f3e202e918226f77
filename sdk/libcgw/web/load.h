/* What is wrong with an application's declarations that neither the compiler nor the matcher sees,
   found before its first request. */
#ifndef WEB_LOAD_H
#define WEB_LOAD_H
#include "web/match.h"

/* NULL, or the first fault, with its place in the source; static or in the arena. */
const char *load_fault(const struct matcher *matcher, struct arena *arena);

/* What cgw_path() and the like leave behind: [first, end), in no order, with NULLs. */
struct load_reads {
    const struct cgw__read *const *first, *const *end;
    const struct cgw__read **shared; /* those that count for all routes */
    size_t n_shared;
};
/* Of all routes of the matcher; shared is in the arena. CGW_OK or CGW_ENOMEM. */
int load_reads_gather(struct load_reads *reads, const struct matcher *matcher, struct arena *arena);
/* As load_fault(): a parameter of the route's path that nothing reads. */
const char *load_reads_fault(const struct match_route *route, const struct load_reads *reads,
                             struct arena *arena);
#endif
