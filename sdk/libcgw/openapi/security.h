/* Schemes of authentication, as the dependencies of routes name them. */
#ifndef OPENAPI_SECURITY_H
#define OPENAPI_SECURITY_H
#include "openapi/json_out.h"
#include "web/match.h"
#include <cgw/auth.h>

enum { SECURITY_MAX = 32 };

/* Schemes, each once. */
struct security {
    const struct cgw_auth *items[SECURITY_MAX];
    size_t n;
};

/* Those that the route asks for, by its dependencies, those of its routers and the application, and
   what they depend on. */
void security_collect(struct security *security, const struct match_route *route);
/* "security" of an operation; nothing where it has none. */
void security_write(struct buffer *out, const struct match_route *route);
/* "securitySchemes" of the components; nothing where there are none. root_path stands in front of
   the paths of those that have some. */
void security_write_schemes(struct buffer *out, const struct security *security, cgw_str root_path);
#endif
