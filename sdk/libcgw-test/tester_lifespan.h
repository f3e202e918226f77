/* Startup and shutdown. false: test->lifespan_error says why. [tester's thread] */
#ifndef TESTER_LIFESPAN_H
#define TESTER_LIFESPAN_H
#include "tester_clock.h"

bool tester_lifespan_start(cgw_test *test);
/* The application is told that the server drains first. */
bool tester_lifespan_stop(cgw_test *test);
#endif
