/* Where a request goes: "http://host:port/path?query", or a reference to be resolved (RFC 3986, 5).
 */
#ifndef TESTER_URL_H
#define TESTER_URL_H
#include "tester.h"

struct tester_url {
    bool is_https;
    const char *host;   /* with its port, as the host field says it */
    const char *target; /* begins with '/' */
};

/* What reference means seen from base. Memory of the test's. */
struct tester_url tester_url_resolve(cgw_test *test, const struct tester_url *base,
                                     const char *reference);
char *tester_url_text(cgw_test *test, const struct tester_url *url);
/* %XX decoded, with a NUL behind. false: not UTF-8. len: bytes without the NUL. */
bool tester_url_decode(cgw_test *test, const char *raw, size_t raw_len, char **ret_text,
                       size_t *ret_len);
#endif
