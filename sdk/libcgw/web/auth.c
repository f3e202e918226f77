/*
 * Credentials out of a request, and the 401 and 403 that ask for better ones. What a client sends
 * is taken only where it can be read in one way: two fields of a name are no credentials.
 */
#include "model/base64_read.h"
#include "model/json_read.h"
#include "web/application.h"
#include "web/match.h"
#include <strings.h>

static const cgw_str none = {NULL, 0};
static const char missing[] = "Not authenticated";
static const char wrong[] = "Invalid authentication credentials";

/* ---- what came ---- */

enum found { FOUND_NONE, FOUND_ONE, FOUND_WRONG };

static cgw_str trim(cgw_str text)
{
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

static enum found one_of(cgw_strs all, cgw_str *ret_text)
{
    if (all.len > 1)
        return FOUND_WRONG;
    *ret_text = all.len ? trim((cgw_str){all.items[0], strlen(all.items[0])}) : none;
    return ret_text->len ? FOUND_ONE : FOUND_NONE;
}

/* Behind the name of the scheme, in any case: RFC 9110, 11.4. Credentials of another are none. */
static enum found of_scheme(cgw_request *req, const char *scheme, cgw_str *ret_text)
{
    size_t len = strlen(scheme);
    enum found found = one_of(cgw_header_all(req, "authorization"), ret_text);
    if (found != FOUND_ONE)
        return found;
    if (ret_text->len < len || strncasecmp(ret_text->ptr, scheme, len) != 0)
        return FOUND_NONE;
    if (ret_text->len > len && ret_text->ptr[len] != ' ' && ret_text->ptr[len] != '\t')
        return FOUND_NONE;
    *ret_text = trim((cgw_str){ret_text->ptr + len, ret_text->len - len});
    return ret_text->len ? FOUND_ONE : FOUND_NONE;
}

static enum found of_cookie(cgw_request *req, const char *name, cgw_str *ret_text)
{
    size_t n = 0, len = strlen(name);
    head_parse_cookies(req);
    for (size_t i = 0; i < req->n_cookies; i++) {
        const struct model_pair *cookie = &req->cookies[i];
        if (cookie->name.len != len || memcmp(cookie->name.ptr, name, len) != 0)
            continue;
        *ret_text = trim(cookie->value);
        n++;
    }
    if (n > 1)
        return FOUND_WRONG;
    return n && ret_text->len ? FOUND_ONE : FOUND_NONE;
}

static enum found find(cgw_request *req, const struct cgw_auth *auth, cgw_str *ret_text)
{
    if (auth->kind == CGW_AUTH_IS_BASIC)
        return of_scheme(req, "basic", ret_text);
    if (auth->kind != CGW_AUTH_IS_API_KEY)
        return of_scheme(req, "bearer", ret_text);
    if (auth->header)
        return one_of(cgw_header_all(req, auth->header), ret_text);
    if (auth->query)
        return one_of(cgw_query_all(req, auth->query), ret_text);
    return auth->cookie ? of_cookie(req, auth->cookie, ret_text) : FOUND_NONE;
}

static bool is_visible(cgw_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
            return false;
    return true;
}

static enum found look(cgw_request *req, const struct cgw_auth *auth, cgw_str *ret_text)
{
    enum found found = find(req, auth, ret_text);
    if (found == FOUND_ONE && (ret_text->len > CGW_AUTH_MAX_LEN || !is_visible(*ret_text)))
        return FOUND_WRONG;
    return found;
}

/* ---- refusing ---- */

static void add_quoted(struct buffer *out, const char *name, cgw_str value)
{
    buffer_printf(out, "%s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '"' || value.ptr[i] == '\\')
            buffer_add_char(out, '\\');
        buffer_add_char(out, value.ptr[i]);
    }
    buffer_add_char(out, '"');
}

/* Parameters of a challenge, behind each other. */
static void add_param(struct buffer *out, const char *name, cgw_str value)
{
    const cgw_str so_far = buffer_text(out);
    buffer_add(out, ", ", so_far.ptr && memchr(so_far.ptr, '=', so_far.len) ? 2 : 0);
    if (so_far.ptr && !memchr(so_far.ptr, '=', so_far.len))
        buffer_add_char(out, ' ');
    add_quoted(out, name, value);
}

static cgw_str text_of(const char *s)
{
    return (cgw_str){s, strlen(s)};
}

static void add_scopes(struct buffer *out, cgw_strs scopes)
{
    struct buffer list = BUFFER_IN(out->arena);
    for (size_t i = 0; i < scopes.len; i++)
        buffer_printf(&list, "%s%s", i ? " " : "", scopes.items[i]);
    add_param(out, "scope", buffer_text(&list));
}

struct refusal {
    cgw_request *req;
    const struct cgw_auth *auth;
    int status;
    const char *error;  /* of RFC 6750, 3.1; NULL: nothing came */
    const char *format; /* of the detail */
    va_list *args;      /* NULL: the format is the detail */
    cgw_strs scopes;
};

/* RFC 7617, 2 and 2.1: the realm must be there. */
static void write_basic(const struct refusal *refusal, struct buffer *out)
{
    const struct cgw_auth *auth = refusal->auth;
    buffer_add_literal(out, "Basic");
    add_param(out, "realm", text_of(auth->realm ? auth->realm : auth->name));
    add_param(out, "charset", (cgw_str)CGW_STR("UTF-8"));
}

static void write_bearer(const struct refusal *refusal, struct buffer *out)
{
    buffer_add_literal(out, "Bearer");
    if (refusal->auth->realm)
        add_param(out, "realm", text_of(refusal->auth->realm));
    if (refusal->error)
        add_param(out, "error", text_of(refusal->error));
    if (refusal->scopes.len)
        add_scopes(out, refusal->scopes);
}

/* Keys have no registered scheme; this one is FastAPI's. */
static void write_challenge(const struct refusal *refusal, struct buffer *out)
{
    if (refusal->auth->kind == CGW_AUTH_IS_BASIC)
        write_basic(refusal, out);
    else if (refusal->auth->kind == CGW_AUTH_IS_API_KEY)
        buffer_add_literal(out, "APIKey");
    else
        write_bearer(refusal, out);
}

static bool has_challenge(const struct refusal *refusal)
{
    return refusal->status == 401 || refusal->auth->kind == CGW_AUTH_IS_BEARER ||
           refusal->auth->kind == CGW_AUTH_IS_PASSWORD;
}

static int make_refusal(void *arg)
{
    const struct refusal *refusal = arg;
    cgw_request *req = refusal->req;
    struct buffer challenge = BUFFER_IN(&req->arena);
    const char *detail = refusal->format;
    if (req->reply.state > REPLY_WHOLE)
        return CGW_OK;
    if (refusal->args)
        detail = arena_vprintf(&req->arena, refusal->format, *refusal->args).ptr;
    (void)failure_prepare(req, refusal->status, 0, detail, none);
    if (!has_challenge(refusal))
        return CGW_OK;
    write_challenge(refusal, &challenge);
    cgw_str text = buffer_text(&challenge);
    if (!text.ptr || cgw_set_header(req, "www-authenticate", text.ptr) != CGW_OK)
        (void)failure_prepare(req, 500, CGW_ENOMEM, "", none);
    return CGW_OK;
}

static cgw_reply refuse(const struct refusal *refusal)
{
    struct refusal copy = *refusal;
    if (refusal->auth->kind != CGW_AUTH_IS_BASIC && refusal->auth->kind != CGW_AUTH_IS_API_KEY)
        copy.scopes = cgw_auth_scopes(refusal->req);
    return reply_do(refusal->req, make_refusal, &copy);
}

cgw_reply cgw_auth_refuse(cgw_request *req, const struct cgw_auth *auth, const char *format, ...)
{
    va_list args;
    cgw_str ignored;
    va_start(args, format);
    const struct refusal refusal = {
        .req = req,
        .auth = auth,
        .status = 401,
        .error = find(req, auth, &ignored) == FOUND_NONE ? NULL : "invalid_token",
        .format = format,
        .args = &args};
    cgw_reply reply = refuse(&refusal);
    va_end(args);
    return reply;
}

/* Prepare the 401 for what was found, or was not. */
static void refuse_found(cgw_request *req, const struct cgw_auth *auth, enum found found)
{
    const struct refusal refusal = {.req = req,
                                    .auth = auth,
                                    .status = 401,
                                    .error = found == FOUND_NONE ? NULL : "invalid_token",
                                    .format = found == FOUND_NONE ? missing : wrong};
    cgw_reply reply = refuse(&refusal);
    (void)reply;
}

/* ---- credentials ---- */

const char *cgw_auth_token(cgw_request *req, const struct cgw_auth *auth)
{
    cgw_str text = none;
    enum found found = look(req, auth, &text);
    if (found == FOUND_ONE) {
        const char *token = cgw_dup(req, text.ptr, text.len);
        if (token)
            return token;
        (void)failure_prepare(req, 500, CGW_ENOMEM, "", none);
    } else if (found == FOUND_WRONG || !auth->optional) {
        refuse_found(req, auth, found);
    }
    return NULL;
}

struct decoding {
    cgw_request *req;
    cgw_str text, ret;
};

static int decode(void *arg)
{
    struct decoding *decoding = arg;
    char error[BASE64_ERROR_BYTES];
    return base64_read(decoding->text, &decoding->req->arena, &decoding->ret, error);
}

/* UTF-8 without control characters: RFC 7617, 2. */
static bool is_text(cgw_str text)
{
    for (size_t i = 0, n; i < text.len; i += n) {
        unsigned char c = (unsigned char)text.ptr[i];
        n = c < 0x80 ? 1 : json_read_character(text.ptr + i, text.len - i);
        if (n == 0 || c < ' ' || c == 0x7f)
            return false;
    }
    return true;
}

/* The password may have colons, the user has none. CGW_EDENIED: it is not so. */
static int split(cgw_request *req, cgw_str text, const char **ret_user, const char **ret_password)
{
    struct decoding decoding = {req, text, none};
    int status = request_do(req, decode, &decoding);
    if (status != CGW_OK)
        return status == CGW_ENOMEM ? status : CGW_EDENIED;
    char *both = (char *)(uintptr_t)decoding.ret.ptr;
    char *colon = memchr(both, ':', decoding.ret.len);
    if (!colon || !is_text(decoding.ret))
        return CGW_EDENIED;
    *colon = '\0';
    *ret_user = both;
    *ret_password = colon + 1;
    return CGW_OK;
}

int cgw_auth_basic(cgw_request *req, const struct cgw_auth *auth, const char **ret_user,
                   const char **ret_password)
{
    cgw_str text = none;
    enum found found = look(req, auth, &text);
    int status = CGW_EDENIED;
    if (found == FOUND_NONE && auth->optional) {
        *ret_user = *ret_password = NULL;
        return CGW_OK;
    }
    if (found == FOUND_ONE)
        status = split(req, text, ret_user, ret_password);
    if (status == CGW_EDENIED)
        refuse_found(req, auth, found);
    return status == CGW_EDENIED ? CGW_EFAILED : status;
}

/* ---- scopes ---- */

/* What each router around the route says, and the route: outermost first. */
struct levels {
    const char *texts[MATCH_ROUTERS_MAX + 1];
    size_t n;
};

static void find_levels(const cgw_request *req, struct levels *ret)
{
    const struct cgw_endpoint *endpoint = req->endpoint;
    const struct cgw_router *router = endpoint ? endpoint->router : NULL;
    size_t n = 0;
    for (const struct cgw_router *r = router; r && n < MATCH_ROUTERS_MAX; r = r->parent)
        n++;
    ret->n = n + 1;
    ret->texts[n] = endpoint ? endpoint->scopes : NULL;
    for (const struct cgw_router *r = router; n > 0; r = r->parent)
        ret->texts[--n] = r->scopes;
}

/* The next of a list with blanks between; len 0: there is none. */
static cgw_str next_scope(const char **at)
{
    static const char blanks[] = " \t\r\n";
    const char *begin = *at ? *at + strspn(*at, blanks) : "";
    size_t len = strcspn(begin, blanks);
    *at = begin + len;
    return (cgw_str){begin, len};
}

static bool is_in(cgw_str scope, const char *list)
{
    for (cgw_str one; (one = next_scope(&list)).len;)
        if (one.len == scope.len && memcmp(one.ptr, scope.ptr, one.len) == 0)
            return true;
    return false;
}

static bool has(cgw_strs list, cgw_str scope)
{
    for (size_t i = 0; i < list.len; i++)
        if (strlen(list.items[i]) == scope.len && memcmp(list.items[i], scope.ptr, scope.len) == 0)
            return true;
    return false;
}

static size_t count_scopes(const struct levels *levels)
{
    size_t n = 0;
    for (size_t i = 0; i < levels->n; i++)
        for (const char *at = levels->texts[i]; next_scope(&at).len;)
            n++;
    return n;
}

struct collection {
    cgw_request *req;
    const struct levels *levels;
    cgw_strs ret;
};

static int collect(void *arg)
{
    struct collection *collection = arg;
    struct arena *arena = &collection->req->arena;
    const struct levels *levels = collection->levels;
    size_t n = count_scopes(levels);
    cgw_strs list = {n ? arena_alloc(arena, n * sizeof(cgw_string)) : NULL, 0};
    for (size_t i = 0; list.items && i < levels->n; i++) {
        const char *at = levels->texts[i];
        for (cgw_str scope; (scope = next_scope(&at)).len;) {
            if (has(list, scope))
                continue;
            if (!(list.items[list.len] = arena_copy(arena, scope.ptr, scope.len)))
                return CGW_ENOMEM;
            list.len++;
        }
    }
    collection->ret = list;
    return CGW_OK;
}

cgw_strs cgw_auth_scopes(cgw_request *req)
{
    struct levels levels;
    struct collection collection = {.req = req, .levels = &levels};
    find_levels(req, &levels);
    (void)request_do(req, collect, &collection);
    return collection.ret;
}

/* Without memory, so that none can be missing for want of it. */
static bool is_granted(const struct levels *levels, const char *granted)
{
    for (size_t i = 0; i < levels->n; i++) {
        const char *at = levels->texts[i];
        for (cgw_str scope; (scope = next_scope(&at)).len;)
            if (!is_in(scope, granted))
                return false;
    }
    return true;
}

bool cgw_auth_allows(cgw_request *req, const struct cgw_auth *auth, const char *granted)
{
    struct levels levels;
    find_levels(req, &levels);
    if (is_granted(&levels, granted))
        return true;
    const struct refusal refusal = {.req = req,
                                    .auth = auth,
                                    .status = 403,
                                    .error = "insufficient_scope",
                                    .format = "Not enough permissions"};
    cgw_reply reply = refuse(&refusal);
    (void)reply;
    return false;
}

/* ---- tokens ---- */

cgw_reply cgw_auth_grant(cgw_request *req, const cgw_token *token)
{
    cgw_token out = *token;
    if (!token->access_token) {
        cgw_log_level(req, CGW_LOG_ERROR, "cgw_auth_grant(): there is no access_token");
        return failure_prepare(req, 500, 0, "", none);
    }
    if (!out.token_type)
        out.token_type = "bearer";
    if (!out.expires_in)
        cgw_set_absent(cgw_token, &out, expires_in);
    if (!out.refresh_token)
        cgw_set_absent(cgw_token, &out, refresh_token);
    if (!out.scope)
        cgw_set_absent(cgw_token, &out, scope);
    (void)cgw_set_header(req, "cache-control", "no-store");
    return cgw_json(req, 200, cgw_token, &out);
}
