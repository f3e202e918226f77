/* What is lent to a pending send(): did it stay as it was, does it lie where it can? */
#ifndef VALIDATE_LENT_H
#define VALIDATE_LENT_H
#include <cgw/abi.h>
#include <stdbool.h>

#define LENT_PRINTS 3

/* Fingerprints of the events, of the arrays that they point to, and of the bytes. */
void lent_print(const struct cgw_event *events, size_t n, uint64_t ret_prints[LENT_PRINTS]);
/* Are the events themselves no more what they were? Then their pointers mean nothing. */
bool lent_events_changed(const struct cgw_event *events, size_t n,
                         const uint64_t before[LENT_PRINTS]);
/* "bytes", for the first that is not what it was; NULL: nothing changed. */
const char *lent_changed(const struct cgw_event *events, size_t n,
                         const uint64_t before[LENT_PRINTS]);
/* "the events" … for the first thing that lies between low and high; NULL: nothing does. */
const char *lent_between(const struct cgw_event *events, size_t n, const void *low,
                         const void *high);
#endif
