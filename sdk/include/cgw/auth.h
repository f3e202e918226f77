/*
 * Who is asking: schemes of HTTP authentication as data, which handlers read credentials by and the
 * schema is made of. What the credentials are worth says the application; hashes of passwords,
 * signed tokens and sessions are in <cgw/crypto.h>.
 *
 *     CGW_AUTH_BEARER(api, .doc = "the key of your account");
 *
 *     CGW_DEPENDS(User, current_user, .auth = &api_auth)
 *     {
 *         const char *token = cgw_auth_token(req, &api_auth);
 *         if (!token)
 *             return CGW_EFAILED; // the 401 is prepared
 *         ...
 *     }
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_AUTH_H
#define CGW_AUTH_H
#include <cgw/lifespan.h>

/* ---- schemes ---- */

enum cgw_auth_kind {
    CGW_AUTH_IS_BASIC = 1, /* RFC 7617 */
    CGW_AUTH_IS_BEARER,    /* RFC 6750, in the Authorization field alone */
    CGW_AUTH_IS_API_KEY,   /* in a header field, a parameter of the query or a cookie */
    CGW_AUTH_IS_PASSWORD   /* a bearer token, which a route gives for user and password: OAuth2 */
};

struct cgw_auth_scope {
    const char *name, *doc; /* no blanks and no quotes in a name: RFC 6749, 3.3 */
};
/* .scopes = CGW_SCOPES({"items:read", "see items"}, {"items:write", "change them"}) */
#define CGW_SCOPES(...) ((const struct cgw_auth_scope[]){__VA_ARGS__, {NULL, NULL}})

struct cgw_auth {
    const char *name; /* in the schema */
    enum cgw_auth_kind kind;
    bool optional; /* no credentials are no error: what reads them gives NULL; wrong ones still are
                    */
    const char *realm;                   /* shown where a browser asks; NULL: of Basic, the name */
    const char *format;                  /* of Bearer, for the schema: "JWT" */
    const char *header, *query, *cookie; /* of an API key: one of them, its name */
    const char *token_url;               /* of PASSWORD: the route that gives tokens, "/token" */
    const char *refresh_url;             /* the same, or NULL */
    const struct cgw_auth_scope *scopes; /* of PASSWORD: CGW_SCOPES(...), or NULL */
    const char *doc;                     /* for the schema */
};
/* Each makes `const struct cgw_auth NAME_auth`; in another file: extern const struct cgw_auth
 * NAME_auth; */
#define CGW__AUTH(name_, kind_, ...)           \
    extern const struct cgw_auth name_##_auth; \
    const struct cgw_auth name_##_auth = {.name = #name_, .kind = (kind_), ##__VA_ARGS__}
/* CGW_AUTH_BASIC(staff, .realm = "staff only"); */
#define CGW_AUTH_BASIC(name, ...) CGW__AUTH(name, CGW_AUTH_IS_BASIC, ##__VA_ARGS__)
/* CGW_AUTH_BEARER(api, .format = "JWT"); */
#define CGW_AUTH_BEARER(name, ...) CGW__AUTH(name, CGW_AUTH_IS_BEARER, ##__VA_ARGS__)
/* CGW_AUTH_API_KEY(key, .header = "x-key"); or .query = "key", or .cookie = "key" */
#define CGW_AUTH_API_KEY(name, ...) CGW__AUTH(name, CGW_AUTH_IS_API_KEY, ##__VA_ARGS__)
/* CGW_AUTH_PASSWORD(login, .token_url = "/token", .scopes = CGW_SCOPES({"me", "your name"})); */
#define CGW_AUTH_PASSWORD(name, ...) CGW__AUTH(name, CGW_AUTH_IS_PASSWORD, ##__VA_ARGS__)

/* ---- credentials; all of [task], none suspends ---- */

/* No credentials are longer than that; those that are count as wrong. */
#define CGW_AUTH_MAX_LEN 8192

/*
 * The token of a request, or the API key: one or more characters, no blank or control character
 * among them; of the request's memory. NULL: it has none, or what is none, or more than one, and
 * the 401 with its challenge is prepared: return CGW_EFAILED from a dependency, cgw_done(req) from
 * a handler. NULL and no reply: none came, and the scheme is .optional. Not for Basic.
 */
const char *cgw_auth_token(cgw_request *req, const struct cgw_auth *auth);
/*
 * User and password of Basic, UTF-8 without control characters; of the request's memory. CGW_OK;
 * CGW_EFAILED: the 401 is prepared, as above; CGW_ENOMEM. CGW_OK with NULL in both: none came, and
 * the scheme is .optional.
 */
int cgw_auth_basic(cgw_request *req, const struct cgw_auth *auth, const char **ret_user,
                   const char **ret_password) CGW_MUST_USE;
/* A 401 with the scheme's challenge: what the credentials say is not so. Of a bearer token that
   came it says error="invalid_token". In a dependency:
   return cgw_refuse(cgw_auth_refuse(req, &api_auth, "no such user")); */
cgw_reply cgw_auth_refuse(cgw_request *req, const struct cgw_auth *auth, const char *format,
                          ...) CGW_MUST_USE CGW_PRINTF(3, 4);

/* ---- scopes ---- */

/* What the route and its routers want by .scopes, outermost first, each once; of the request's
   memory, without which it is empty: to grant by, there is cgw_auth_allows(). */
cgw_strs cgw_auth_scopes(cgw_request *req);
/* Are all of them among the granted, "items:read items:write"? NULL: none is granted. false: the
   403 is prepared, with error="insufficient_scope" and what is wanted where the scheme is a bearer
   token's. */
bool cgw_auth_allows(cgw_request *req, const struct cgw_auth *auth,
                     const char *granted) CGW_MUST_USE;

/* ---- the route that gives tokens: RFC 6749, 4.3 ---- */

/*
 *     CGW_POST(token, "/token", .form = cgw_password_form_model, .reply = cgw_token_model)
 *     {
 *         const cgw_password_form *form = cgw_form(req, cgw_password_form);
 *         ...
 *         return cgw_auth_grant(req, &(cgw_token){.access_token = token});
 *     }
 */
#define CGW_PASSWORD_FORM(F)                                                    \
    F(str, grant_type, .opt = true, .pattern = "^password$")                    \
    F(str, username, .min_len = 1)                                              \
    F(str, password, .hidden = true)                                            \
    F(str, scope, .opt = true, .doc = "what is asked for, separated by blanks") \
    F(str, client_id, .opt = true)                                              \
    F(str, client_secret, .opt = true, .hidden = true)
CGW_MODEL(cgw_password_form, CGW_PASSWORD_FORM)

#define CGW_TOKEN(F)                                  \
    F(str, access_token)                              \
    F(str, token_type, .def_str = "bearer")           \
    F(i64, expires_in, .opt = true, .doc = "seconds") \
    F(str, refresh_token, .opt = true)                \
    F(str, scope, .opt = true, .doc = "what is granted, separated by blanks")
CGW_MODEL(cgw_token, CGW_TOKEN)

/* 200 with the token, which nobody may keep (Cache-Control: no-store). token_type NULL: "bearer";
   expires_in 0, refresh_token and scope NULL: they are left out. Without access_token: 500. */
cgw_reply cgw_auth_grant(cgw_request *req, const cgw_token *token) CGW_MUST_USE;

#endif
