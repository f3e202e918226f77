/* What an operation answers. */
#ifndef OPENAPI_RESPONSE_H
#define OPENAPI_RESPONSE_H
#include "openapi/schema.h"
#include "web/match.h"

/* Which schemas of the document's own were referred to. */
struct response_uses {
    bool is_problem;        /* errors are application/problem+json */
    bool error, validation; /* HTTPError or ProblemDetails; HTTPValidationError */
};

/* "responses". title: "Get Items", for lists. */
void response_write(struct schema_out *doc, const struct match_route *route, const char *title,
                    struct response_uses *uses);
/* The schemas that they refer to, as members of an object that is open. */
void response_write_schemas(struct buffer *out, const struct response_uses *uses);
#endif
