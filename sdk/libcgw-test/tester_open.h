/* A test begins, is entered by its thread, and ends. */
#ifndef TESTER_OPEN_H
#define TESTER_OPEN_H
#include "tester.h"

/* Each public function that runs the application begins with it: the right thread, and after a fork
   the threads again. */
void tester_enter(cgw_test *test);
#endif
