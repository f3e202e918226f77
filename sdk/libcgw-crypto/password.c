/*
 * Hashes of passwords (Argon2id, RFC 9106): each takes tens of megabytes and milliseconds on
 * purpose, so they run on pool threads, a few at a time.
 */
#include "worker.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(crypto_pwhash_STRBYTES == CGW_PASSWORD_HASH_LEN + 1, "libsodium's longest");

enum { PASSWORD_MAX_LEN = 4096, PASSES_MAX = 64, AT_ONCE_MAX = 64 };
#define MEMORY_MIN ((uint64_t)8 << 10)
#define MEMORY_MAX ((uint64_t)1 << 30)

int cgw__password_setup(cgw_boot *boot, struct cgw_password_cost cost)
{
    struct crypto_worker *worker = crypto_worker_of(boot);
    if (!worker)
        return cgw_boot_fail(boot, "cgw_password_setup(): libcgw-crypto was not started");
    if (cost.memory_bytes && (cost.memory_bytes < MEMORY_MIN || cost.memory_bytes > MEMORY_MAX))
        return cgw_boot_fail(boot, "cgw_password_setup(): .memory_bytes is from 8 KiB to 1 GiB");
    if (cost.passes > PASSES_MAX || cost.at_once > AT_ONCE_MAX)
        return cgw_boot_fail(boot, "cgw_password_setup(): .passes and .at_once are up to 64");
    crypto_worker_set(worker, cost);
    return 0;
}

/* ---- on the pool, in turn ---- */

/* password, and text of verify, are the caller's, who waits. */
struct hashing {
    struct cgw_password_cost cost;
    const char *password;
    size_t len;
    const char *text; /* to be compared with; NULL: none */
    char *ret_text;   /* of crypto_pwhash_STRBYTES */
};

static int run_hash(void *arg)
{
    const struct hashing *hashing = arg;
    int status = crypto_pwhash_str_alg(hashing->ret_text, hashing->password, hashing->len,
                                       hashing->cost.passes, (size_t)hashing->cost.memory_bytes,
                                       crypto_pwhash_ALG_ARGON2ID13);
    return status == 0 ? CGW_OK : CGW_ENOMEM;
}

static int run_verify(void *arg)
{
    const struct hashing *hashing = arg;
    errno = 0;
    if (crypto_pwhash_str_verify(hashing->text, hashing->password, hashing->len) == 0)
        return CGW_OK;
    return errno == ENOMEM ? CGW_ENOMEM : CGW_EDENIED;
}

static int run_in_turn(struct crypto_worker *worker, int (*fn)(void *arg), struct hashing *hashing,
                       const struct cgw_site *site)
{
    cgw_sem *turn = &worker->turns[here.offload != NULL];
    int status = cgw__sem_get(turn, site);
    if (status != CGW_OK)
        return status;
    hashing->cost = worker->cost;
    status = cgw__blocking(cgw__task_int(fn, "hashing a password"), hashing, site);
    cgw_sem_put(turn);
    return status;
}

static int hash(struct crypto_worker *worker, const char *password, char *text,
                const struct cgw_site *site)
{
    struct hashing hashing = {.password = password, .len = strlen(password), .ret_text = text};
    return run_in_turn(worker, run_hash, &hashing, site);
}

int cgw__password_hash(cgw_request *req, const char *password, const char **ret_text,
                       const struct cgw_site *site)
{
    struct crypto_worker *worker = crypto_worker();
    if (!worker || !password)
        return CGW_EINVAL;
    if (strlen(password) > PASSWORD_MAX_LEN)
        return CGW_ETOOBIG;
    char *text = crypto_worker_alloc(req, crypto_pwhash_STRBYTES);
    int status = text ? hash(worker, password, text, site) : CGW_ENOMEM;
    if (status == CGW_OK)
        *ret_text = text;
    return status;
}

/* ---- verifying ---- */

/* A number behind ",t=" and the like; 0: there is none, or one beyond reason. */
static uint64_t param(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* Is it a hash? One that somebody has slipped into the database must not take all memory, or an
 * hour. */
static bool is_good(const char *text)
{
    uint64_t kib = param(text, "$m="), passes = param(text, ",t=");
    bool is_bounded = kib > 0 && kib <= MEMORY_MAX >> 10 && passes > 0 && passes <= PASSES_MAX;
    return is_bounded && strnlen(text, crypto_pwhash_STRBYTES) < crypto_pwhash_STRBYTES &&
           crypto_pwhash_str_needs_rehash(text, 1, (size_t)MEMORY_MIN) >= 0;
}

/* As long as a hash takes, for nothing: nobody learns from the time that there is no such user,
   or none who logs in by a password. */
static int deny_slowly(struct crypto_worker *worker, const char *password,
                       const struct cgw_site *site)
{
    char text[crypto_pwhash_STRBYTES];
    int status = hash(worker, password, text, site);
    return status == CGW_OK ? CGW_EDENIED : status;
}

int cgw__password_verify(cgw_request *req, const char *text, const char *password,
                         const struct cgw_site *site)
{
    struct crypto_worker *worker = crypto_worker();
    (void)req;
    if (!worker || !password)
        return CGW_EINVAL;
    if (strlen(password) > PASSWORD_MAX_LEN)
        return CGW_EDENIED;
    if (!text || !is_good(text))
        return deny_slowly(worker, password, site);
    struct hashing hashing = {.password = password, .len = strlen(password), .text = text};
    return run_in_turn(worker, run_verify, &hashing, site);
}

bool cgw_password_is_outdated(const char *text)
{
    const struct crypto_worker *worker = crypto_worker();
    if (!worker || !text || !is_good(text))
        return true;
    return crypto_pwhash_str_needs_rehash(text, worker->cost.passes,
                                          (size_t)worker->cost.memory_bytes) != 0;
}
