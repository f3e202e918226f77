/*
 * Sessions: what a handler keeps with the browser, in a signed cookie. The cookie is read when
 * somebody asks, and written, where something changed, into the head of the response as it passes,
 * whatever makes it: so streams and replies of errors have it too.
 */
#include "sign.h"
#include "values.h"
#include "web/application.h"
#include "web/cookie.h"
#include "worker.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { COOKIE_MAX = 4096 };
#define TWO_WEEKS ((int64_t)14 * 24 * 3600)

/* Of a worker. */
struct session_settings {
    const struct cgw_sessions *declared;
    const cgw_keys *keys;
    const char *cookie, *purpose;
    int64_t max_age;
    size_t max_json; /* bytes that fit into the cookie */
};

/* Of a request. */
struct session {
    struct cgw_layer layer;
    const struct session_settings *settings;
    struct values values;
    bool is_read; /* values are what the cookie says; somebody has asked, so replies vary by it */
    bool has_cookie; /* one of that name came, good or not */
    bool is_changed;
};

/* ---- start ---- */

static struct cgw_cookie_options cookie_options(const struct session_settings *settings,
                                                bool is_https)
{
    const struct cgw_sessions *declared = settings->declared;
    return (struct cgw_cookie_options){.path = declared->path,
                                       .domain = declared->domain,
                                       .same_site = declared->same_site,
                                       .max_age = declared->until_closed ? 0 : settings->max_age,
                                       .secure = declared->secure || is_https};
}

/* What the attributes leave of the cookie's bytes, as JSON. */
static size_t json_room(cgw_boot *boot, const struct session_settings *settings)
{
    struct buffer out = BUFFER_IN(&boot->application->arena);
    const struct cgw_cookie_options options = cookie_options(settings, true);
    cookie_write(&out, settings->cookie, "", &options);
    size_t used = out.len + sign_len(0);
    return used < COOKIE_MAX ? (COOKIE_MAX - used) / 4 * 3 : 0;
}

static cgw_keys *keys_of(cgw_boot *boot, const struct cgw_sessions *declared)
{
    if (declared->secret)
        return cgw_keys_new(boot, declared->secret);
    if (declared->secret_env)
        return cgw_keys_env(boot, declared->secret_env);
    (void)cgw_boot_fail(boot, "CGW_SESSIONS(%s): say by .secret_env which variable has the key",
                        declared->name);
    return NULL;
}

static int check_cookie(cgw_boot *boot, const struct session_settings *settings)
{
    const struct cgw_cookie_options options = cookie_options(settings, false);
    const char *fault = cookie_fault(settings->cookie, "", &options);
    if (fault)
        return cgw_boot_fail(boot, "CGW_SESSIONS(%s): the cookie %s: %s", settings->declared->name,
                             settings->cookie, fault);
    if (settings->max_age < 0)
        return cgw_boot_fail(boot, "CGW_SESSIONS(%s): .max_age is negative",
                             settings->declared->name);
    return 0;
}

int cgw__sessions_start(cgw_boot *boot, const struct cgw__part *part, void **ret_state)
{
    const struct cgw_sessions *declared = part->what;
    struct arena *arena = &boot->application->arena;
    struct session_settings *settings = cgw_boot_alloc(boot, sizeof(*settings));
    if (!settings)
        return cgw_boot_fail(boot, "out of memory");
    settings->declared = declared;
    settings->cookie = declared->cookie ? declared->cookie : "session";
    settings->max_age = declared->max_age ? declared->max_age : TWO_WEEKS;
    settings->purpose = arena_printf(arena, "cgw session %s", settings->cookie).ptr;
    settings->keys = keys_of(boot, declared);
    if (!settings->keys || check_cookie(boot, settings) != 0)
        return -1;
    settings->max_json = json_room(boot, settings);
    *ret_state = settings;
    return settings->purpose ? 0 : cgw_boot_fail(boot, "out of memory");
}

void cgw__sessions_stop(void *state)
{
    (void)state;
}

/* ---- the cookie out ---- */

static bool is_https(const cgw_request *req)
{
    cgw_str scheme = req->scope->scheme;
    return scheme.len == 5 && memcmp(scheme.ptr, "https", 5) == 0;
}

/* The value of a set-cookie field; ptr NULL: out of memory. */
static cgw_str write_cookie(cgw_request *req, const struct session *session)
{
    const struct session_settings *settings = session->settings;
    struct arena *arena = &req->arena;
    struct buffer json = BUFFER_IN(arena), token = BUFFER_IN(arena), out = BUFFER_IN(arena);
    struct cgw_cookie_options options = cookie_options(settings, is_https(req));
    if (!session->values.first) {
        options.max_age = -1;
        cookie_write(&out, settings->cookie, "", &options);
        return buffer_text(&out);
    }
    values_write(&session->values, &json);
    cgw_str text = buffer_text(&json);
    if (text.ptr)
        sign_write(&token, settings->keys, settings->purpose, text, sign_expiry(settings->max_age));
    cgw_str value = buffer_text(&token);
    if (text.ptr && value.ptr)
        cookie_write(&out, settings->cookie, value.ptr, &options);
    return text.ptr && value.ptr ? buffer_text(&out) : (cgw_str){NULL, 0};
}

/* The start of a response with one or two fields more. CGW_OK or CGW_ENOMEM. */
static int add_fields(cgw_request *req, const struct session *session, struct cgw_event *start)
{
    size_t n = start->u.start.n_headers;
    struct cgw_header *headers = arena_alloc(&req->arena, (n + 2) * sizeof(*headers));
    if (!headers)
        return CGW_ENOMEM;
    if (n)
        memcpy(headers, start->u.start.headers, n * sizeof(*headers));
    headers[n++] = (struct cgw_header){CGW_STR("vary"), CGW_STR("cookie")};
    if (session->is_changed && (session->values.first || session->has_cookie)) {
        cgw_str cookie = write_cookie(req, session);
        if (!cookie.ptr)
            return CGW_ENOMEM;
        headers[n++] = (struct cgw_header){CGW_STR("set-cookie"), cookie};
    }
    start->u.start.headers = headers;
    start->u.start.n_headers = n;
    return CGW_OK;
}

static int send(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events, size_t n)
{
    const struct session *session = layer->arg;
    size_t at = 0;
    while (at < n && events[at].type != CGW_HTTP_RESPONSE_START)
        at++;
    if (at == n || !session->is_read)
        return cgw_send_below(req, layer, events, n);
    struct cgw_event *copy = arena_alloc(&req->arena, n * sizeof(*copy));
    if (!copy)
        return CGW_ENOMEM;
    memcpy(copy, events, n * sizeof(*copy));
    int status = add_fields(req, session, &copy[at]);
    return status == CGW_OK ? cgw_send_below(req, layer, copy, n) : status;
}

/* ---- around a handler ---- */

cgw_reply cgw__sessions_serve(cgw_request *req, const struct cgw__part *part)
{
    struct session *session = cgw_alloc(req, sizeof(*session));
    const struct session_settings *settings = part_state(req->application, part);
    if (!session || !settings)
        return cgw_error(req, session ? CGW_EINVAL : CGW_ENOMEM);
    session->settings = settings;
    session->layer = (struct cgw_layer){.send = send, .arg = session};
    cgw_wrap(req, &session->layer);
    req->session = session;
    return cgw_next(req);
}

/* ---- the cookie in ---- */

static int read_cookie(cgw_request *req, struct session *session)
{
    const struct session_settings *settings = session->settings;
    const char *cookie = cgw_cookie(req, settings->cookie);
    cgw_str json;
    session->has_cookie = cookie != NULL;
    session->is_read = req->has_cookies; /* else there was no memory to look for it */
    if (!cookie)
        return session->is_read ? CGW_OK : CGW_ENOMEM;
    const cgw_str token = {cookie, strnlen(cookie, COOKIE_MAX + 1)};
    int status = token.len > COOKIE_MAX ? CGW_EDENIED
                                        : sign_read(&req->arena, settings->keys, settings->purpose,
                                                    token, crypto_worker_time(), &json);
    if (status == CGW_OK)
        status = values_read(&session->values, &req->arena, json);
    if (status != CGW_OK)
        session->values.first = NULL;
    session->is_read = status != CGW_ENOMEM; /* what cannot be read yet is not to be replaced */
    return status == CGW_ENOMEM ? status : CGW_OK;
}

/* The request's, read. NULL: there is none, which is said, or *ret_status says why. */
static struct session *open_session(cgw_request *req, int *ret_status)
{
    struct session *session = req->session;
    *ret_status = CGW_EINVAL;
    if (!session) {
        cgw_log_level(req, CGW_LOG_ERROR, "%s: there is no CGW_SESSIONS() around this route",
                      cgw_route_path(req));
        return NULL;
    }
    *ret_status = session->is_read ? CGW_OK : read_cookie(req, session);
    return *ret_status == CGW_OK ? session : NULL;
}

/* ---- what handlers call ---- */

enum what { SESSION_GET, SESSION_SET, SESSION_REMOVE, SESSION_CLEAR, SESSION_RENEW };

struct access {
    cgw_request *req;
    enum what what;
    const char *key, *value;
    const char *ret; /* of SESSION_GET */
};

static int get(struct session *session, struct access *access)
{
    const struct value *value = access->key ? values_find(&session->values, access->key) : NULL;
    access->ret = value ? value->text.ptr : NULL;
    return CGW_OK;
}

static int set(struct session *session, const struct access *access)
{
    const struct value *old = values_find(&session->values, access->key);
    if (old && strcmp(old->text.ptr, access->value) == 0)
        return CGW_OK;
    int status = values_set(&session->values, &access->req->arena, access->key, access->value,
                            session->settings->max_json);
    if (status == CGW_OK)
        session->is_changed = true;
    return status;
}

static int change(struct session *session, const struct access *access)
{
    if (access->req->has_begun)
        return CGW_EINVAL;
    if (!access->key && (access->what == SESSION_SET || access->what == SESSION_REMOVE))
        return CGW_EINVAL;
    if (access->what == SESSION_SET)
        return access->value ? set(session, access) : CGW_EINVAL;
    if (access->what == SESSION_REMOVE) {
        session->is_changed |= values_remove(&session->values, access->key);
        return CGW_OK;
    }
    session->is_changed |= session->values.first || access->what == SESSION_RENEW;
    session->values.first = NULL;
    return CGW_OK;
}

static const char *fault_of(const struct access *access, int status)
{
    if (status != CGW_EINVAL)
        return cgw_strerror(status);
    return access->req->has_begun ? "the response has begun already" : "no text, or no UTF-8";
}

static int do_access(void *arg)
{
    struct access *access = arg;
    int status;
    struct session *session = open_session(access->req, &status);
    if (!session)
        return status;
    if (access->what == SESSION_GET)
        return get(session, access);
    status = change(session, access);
    if (status != CGW_OK)
        cgw_log_level(access->req, CGW_LOG_ERROR, "the session was not changed: %s",
                      fault_of(access, status));
    return status;
}

static int ask(cgw_request *req, enum what what, const char *key, const char *value)
{
    struct access access = {req, what, key, value, NULL};
    return request_do(req, do_access, &access);
}

const char *cgw_session_get(cgw_request *req, const char *key)
{
    struct access access = {.req = req, .what = SESSION_GET, .key = key};
    return request_do(req, do_access, &access) == CGW_OK ? access.ret : NULL;
}

int64_t cgw_session_get_i64(cgw_request *req, const char *key, int64_t otherwise)
{
    const char *text = cgw_session_get(req, key);
    char *end;
    if (!text || !(*text == '-' || (*text >= '0' && *text <= '9')))
        return otherwise;
    errno = 0;
    int64_t value = strtoll(text, &end, 10);
    return errno || *end || end == text ? otherwise : value;
}

int cgw_session_set(cgw_request *req, const char *key, const char *value)
{
    return ask(req, SESSION_SET, key, value);
}

int cgw_session_set_i64(cgw_request *req, const char *key, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    return ask(req, SESSION_SET, key, text);
}

int cgw_session_del(cgw_request *req, const char *key)
{
    return ask(req, SESSION_REMOVE, key, NULL);
}

int cgw_session_clear(cgw_request *req)
{
    return ask(req, SESSION_CLEAR, NULL, NULL);
}

int cgw_session_renew(cgw_request *req)
{
    return ask(req, SESSION_RENEW, NULL, NULL);
}
