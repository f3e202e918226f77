/* What each worker has of this library: how passwords are hashed, and the time of day. */
#ifndef CRYPTO_WORKER_H
#define CRYPTO_WORKER_H
#include "task/task.h"
#include <cgw/crypto.h>

struct crypto_worker {
    struct cgw_password_cost cost;
    cgw_sem turns[2]; /* [1]: of pool threads, which would else wait for those that wait for them */
};

/* NULL: no task runs here, or the library was not started. [task] */
struct crypto_worker *crypto_worker(void);
/* The one of an application that starts; NULL: the library was not started. */
struct crypto_worker *crypto_worker_of(const cgw_boot *boot);
/* Set the cost, and how many turns there are. */
void crypto_worker_set(struct crypto_worker *worker, struct cgw_password_cost cost);
/* Seconds since 1970, which in tests go on as their clock does. [task] */
int64_t crypto_worker_time(void);
/* Memory of the request's, or, where req is NULL, of the running task's. NULL: out of it. [task] */
void *crypto_worker_alloc(cgw_request *req, size_t bytes);
#endif
