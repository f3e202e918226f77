/*
 * cgw.route/1: which route a call is for, as the application names it. The whole name goes to the
 * access log and to reports; the board counts by it.
 */
#ifndef APP_ROUTE_H
#define APP_ROUTE_H
#include "base/str.h"
#include <cgw/abi.h>

/* The table of calls on the loop. */
extern const struct cgw_route route_table;

/* NULL, or what is wrong with a name, static text. [any-thread] */
const char *route_check(struct str name);
#endif
