/* How many processors this process can use: --workers auto. */
#ifndef PROC_SYSTEM_PROCESSORS_H
#define PROC_SYSTEM_PROCESSORS_H
#include <stdint.h>

/* Those that its affinity allows, no more than the time that its control group gets, rounded up;
   at least 1. */
uint32_t processors_count(void);
/* "max 100000" or "150000 100000", as in cpu.max: 0 (no limit) or processors, rounded up. */
uint32_t processors_of_quota(const char *text);
#endif
