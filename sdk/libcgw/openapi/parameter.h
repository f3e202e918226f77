/* Parameters of an operation: of its path, the query, headers and cookies. */
#ifndef OPENAPI_PARAMETER_H
#define OPENAPI_PARAMETER_H
#include "openapi/schema.h"
#include "web/match.h"

/* The route's path as OpenAPI writes it: "/items/{id}". suffix underscores stand behind each name,
   for a route that would otherwise be taken for another. */
void parameter_path(struct buffer *out, const struct match_pattern *pattern, size_t suffix);
/* "parameters"; nothing where there are none. */
void parameter_write(struct schema_out *doc, const struct match_route *route, size_t suffix);
#endif
