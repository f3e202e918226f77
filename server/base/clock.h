/*
 * Time: a monotonic clock for deadlines and durations, the wall clock for what people read.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include <stdint.h>
#include <time.h>

uint64_t clock_now_us(void);  /* monotonic microseconds */
uint64_t clock_wall_us(void); /* microseconds since 1970, UTC; may jump */

#define CLOCK_DATE_BYTES 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/*
 * The Date value (IMF-fixdate, RFC 9110 5.6.7) of second; formatted once a second per thread.
 * CLOCK_DATE_BYTES bytes and a NUL, valid until the thread's next call.
 */
const char *clock_date(time_t second);
/* The same, uncached, into dst, which has CLOCK_DATE_BYTES + 1 bytes of room. */
void clock_date_print(char *dst, time_t second);
#endif
