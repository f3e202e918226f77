/* The client: requests as calls, redirects, and what becomes of their answers. */
#ifndef TESTER_CLIENT_H
#define TESTER_CLIENT_H
#include "tester_url.h"

/* The request as a call, which begins once its time has come. */
struct tester_call *tester_request_begin(cgw_test *test, struct tester_exchange *exchange);
/* Where it goes. */
struct tester_url tester_request_url(cgw_test *test, const struct cgw_test_request *request);
#endif
