/*
 * What wants cryptography (libcgw-crypto, pkg-config cgw-crypto; libsodium): hashes of passwords,
 * signed texts, random tokens, comparing secrets, and sessions in a signed cookie.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_CRYPTO_H
#define CGW_CRYPTO_H
#include <cgw/auth.h>
#include <cgw/file.h>

/* Are they the same? Takes as long wherever they differ; their lengths are no secret. [any] */
bool cgw_secret_is(cgw_str given, cgw_str secret);

/* ---- passwords: Argon2id, on the thread pool ---- */

/* What a hash costs, and how many are computed at once in a worker: others wait for their turn,
   those of sync handlers in a row of their own. */
struct cgw_password_cost {
    uint64_t memory_bytes; /* 0: 64 MiB; from 8 KiB to 1 GiB */
    uint32_t passes;       /* over that memory; 0: 2; up to 64 */
    uint32_t at_once;      /* 0: 4; up to 64 */
};
/* In the lifespan's start(), once: cgw_password_setup(boot, .memory_bytes = 19 << 20). 0; -1: out
   of bounds, or out of memory, and cgw_boot_fail() has said so. */
int cgw__password_setup(cgw_boot *boot, struct cgw_password_cost cost) CGW_MUST_USE;
#define cgw_password_setup(boot, ...) \
    cgw__password_setup((boot), (struct cgw_password_cost){__VA_ARGS__})

/* Characters a hash has at most. */
#define CGW_PASSWORD_HASH_LEN 127
/*
 * A text to store, "$argon2id$...", with its salt and cost. req NULL: of the running task's memory.
 * CGW_OK; CGW_EINVAL: the password is NULL; CGW_ETOOBIG: it is longer than 4096 bytes; CGW_ENOMEM;
 * CGW_EBUSY: the pool is full; why it was canceled. Suspends. [task]
 */
int cgw__password_hash(cgw_request *req, const char *password, const char **ret_text,
                       const struct cgw_site *site) CGW_MUST_USE;
#define cgw_password_hash(req, password, ret_text) \
    cgw__password_hash((req), (password), (ret_text), CGW_HERE)
/*
 * Is it the password that the text was made of? CGW_OK: it is. CGW_EDENIED: it is not;
 * CGW_TRY() makes a 401 of that. A text that is none, or NULL, as there is no such user, is
 * CGW_EDENIED after as long as a hash takes. CGW_ENOMEM, CGW_EBUSY and why it was canceled as
 * above. Suspends. [task]
 */
int cgw__password_verify(cgw_request *req, const char *text, const char *password,
                         const struct cgw_site *site) CGW_MUST_USE;
#define cgw_password_verify(req, text, password) \
    cgw__password_verify((req), (text), (password), CGW_HERE)
/* Was it made at another cost than today's, or is it none? Hash the password anew, while the login
   has it. Does not suspend. [task] */
bool cgw_password_is_outdated(const char *text);

/* ---- keys ---- */

/* Up to eight; the first signs, all verify: a new one goes in front, and the last is dropped when
   what it signed is no longer good. */
typedef struct cgw_keys cgw_keys;
#define CGW_KEY_MIN_LEN 32
/* Of a text: secrets of CGW_KEY_MIN_LEN characters or more, separated by commas or blanks. Live as
   long as the worker. NULL: cgw_boot_fail() has said why. */
cgw_keys *cgw_keys_new(cgw_boot *boot, const char *text) CGW_MUST_USE;
/* Of an environment variable; where that is not set, the message says which one to set, and how. */
cgw_keys *cgw_keys_env(cgw_boot *boot, const char *variable) CGW_MUST_USE;

/* ---- signed texts ---- */

struct cgw_sign_options {
    int64_t max_age; /* seconds for which it is good; 0: an hour; < 0: for ever */
};
/*
 * The text with a moment to expire and a signature, in characters that URLs, header fields and
 * cookies take. Who has it can read it, but not change it. The purpose, "password reset", is signed
 * with it: what is signed for one is not good for another. The request's memory; NULL: out of
 * memory. [task], does not suspend
 */
const char *cgw__sign(cgw_request *req, const cgw_keys *keys, const char *purpose, cgw_str text,
                      struct cgw_sign_options options);
#define cgw_sign(req, keys, purpose, text, ...) \
    cgw__sign((req), (keys), (purpose), (text), (struct cgw_sign_options){__VA_ARGS__})
/* The text again, NUL-terminated, of the request's memory. CGW_OK; CGW_EDENIED: it was not signed
   with any of the keys for that purpose, was changed, or has expired; token NULL is that, too;
   CGW_ENOMEM. [task], does not suspend */
int cgw_unsign(cgw_request *req, const cgw_keys *keys, const char *purpose, const char *token,
               cgw_str *ret_text) CGW_MUST_USE;

/* So many random bytes (16 to 1024) as base64url (RFC 4648, 5), to be stored and compared: a key of
   an API, an id that nobody guesses. The request's memory; NULL: out of memory, or out of bounds.
   [task], does not suspend */
const char *cgw_token_new(cgw_request *req, size_t bytes);

/* ---- sessions in a signed cookie ---- */

/*
 *     CGW_SESSIONS(web, .secret_env = "APP_SECRET");
 *     CGW_APPLICATION(.middleware = CGW_THROUGH(web));
 *
 * What a handler sets comes back with the next request of that browser. It is in the cookie: the
 * client can read it, not change it; a copy is good until it expires, whatever was cleared since.
 */
struct cgw_sessions {
    const char *name;       /* set by the macro */
    const char *secret_env; /* the variable with the keys: see cgw_keys_env() */
    const char *secret;     /* or the keys as text */
    const char *cookie;     /* its name; NULL: "session" */
    int64_t max_age;        /* seconds from its last change; 0: 14 days */
    bool until_closed;      /* the browser forgets it when it ends; max_age holds all the same */
    bool secure;            /* by https alone; else only where the request came so */
    const char *path, *domain, *same_site; /* as of struct cgw_cookie_options */
};
#define CGW_SESSIONS(name_, ...)                                                           \
    static const struct cgw_sessions name_##_sessions = {.name = #name_, __VA_ARGS__};     \
    static const struct cgw__part name_##_part = {cgw__sessions_start, cgw__sessions_stop, \
                                                  &name_##_sessions};                      \
    CGW__SECTION("cgw_parts")                                                              \
    static const struct cgw__part *const name_##_part_entry = &name_##_part;               \
    static cgw_reply name_##_serve(cgw_request *req)                                       \
    {                                                                                      \
        return cgw__sessions_serve(req, &name_##_part);                                    \
    }                                                                                      \
    static const struct cgw_middleware name_##_middleware = {.name = #name_, .fn = name_##_serve}
int cgw__sessions_start(cgw_boot *boot, const struct cgw__part *part, void **ret_state);
void cgw__sessions_stop(void *state);
cgw_reply cgw__sessions_serve(cgw_request *req, const struct cgw__part *part) CGW_MUST_USE;

/* A value, or NULL; of the request's memory. What was changed, has expired or is not there is an
   empty session. These, all of [task], do not suspend; where no CGW_SESSIONS() is around the
   handler they leave a line in the log. */
const char *cgw_session_get(cgw_request *req, const char *key);
/* A number; or otherwise: there is none, or it is no such number. */
int64_t cgw_session_get_i64(cgw_request *req, const char *key, int64_t otherwise);
/* Copied, UTF-8. CGW_OK; CGW_ETOOBIG: the cookie would have more than 4096 bytes, which browsers
   drop; CGW_EINVAL: it is NULL or no UTF-8, the head of the response has gone already, or there is
   no session; CGW_ENOMEM. The session is as it was then, and a line is in the log. */
int cgw_session_set(cgw_request *req, const char *key, const char *value);
int cgw_session_set_i64(cgw_request *req, const char *key, int64_t value);
int cgw_session_del(cgw_request *req, const char *key); /* CGW_OK also where there is none */
/* All of it: the browser is told to forget the cookie. */
int cgw_session_clear(cgw_request *req);
/* Somebody logs in: what was there goes, as another may have put it there, and the cookie is a new
   one with its time from now. Then set who it is. */
int cgw_session_renew(cgw_request *req);

#endif
