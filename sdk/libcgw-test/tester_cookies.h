/* The client's cookies (RFC 6265), per domain and path, in the time of the test. */
#ifndef TESTER_COOKIES_H
#define TESTER_COOKIES_H
#include "tester_url.h"

/* Take what a response from url has set: the value of a set-cookie field. */
void tester_cookies_take(cgw_test *test, const struct tester_url *url, const char *set_cookie);
/* "a=1; b=2" for a request to url, or NULL. */
char *tester_cookies_for(cgw_test *test, const struct tester_url *url);
#endif
