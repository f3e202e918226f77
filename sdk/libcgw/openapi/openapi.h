/*
 * The OpenAPI 3.1 document of an application: what its routes say of themselves, in the order of
 * the source.
 */
#ifndef OPENAPI_OPENAPI_H
#define OPENAPI_OPENAPI_H
#include "web/match.h"

/* root_path: in front of all paths, or "". All is of the arena; ptr NULL: out of memory. */
cgw_str openapi_document(const struct matcher *matcher, struct arena *arena, cgw_str root_path);
/* Routes in the order of the source: the linker's is another one. n_routes of the matcher; NULL:
   out of memory. */
const struct match_route **openapi_routes(const struct matcher *matcher, struct arena *arena);
#endif
