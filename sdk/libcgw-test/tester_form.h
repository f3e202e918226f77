/* Multipart forms, as a browser writes them. */
#ifndef TESTER_FORM_H
#define TESTER_FORM_H
#include "tester.h"

#define TESTER_FORM_BOUNDARY "----cgw-test-8c1f04e97d2b"
#define TESTER_FORM_TYPE     "multipart/form-data; boundary=" TESTER_FORM_BOUNDARY

/* The body, in the test's memory. A value that holds the boundary ends the test. */
struct cgw_str tester_form_body(cgw_test *test, const struct cgw_test_part *parts);
#endif
