/*
 * The items in an SQLite file, for many threads at once: one connection writes, under a mutex, so
 * that no writer of this process ever waits inside SQLite; a few read beside it, which the
 * write-ahead log allows. Another process that writes is waited for (busy_timeout).
 */
#ifndef ITEMS_STORE_H
#define ITEMS_STORE_H
#include "model.h"

struct store;

enum store_result {
    STORE_OK = 0,
    STORE_ABSENT = -1,   /* no such item */
    STORE_CONFLICT = -2, /* the name is taken */
    STORE_BUSY = -3,     /* another process kept the file locked for too long */
    STORE_FULL = -4,     /* the disk is full */
    STORE_READONLY = -5, /* the file may not be written any more */
    STORE_NOMEM = -6,
    STORE_IO = -7 /* all else: the disk or the file is broken */
};

/* Sees each row of an answer; not 0: out of memory, and the whole is undone. [thread of the call]
 */
typedef int store_row_fn(const struct model_row *row, void *arg);

/* One use of the store: where rows go, and what SQLite said about an error. */
struct store_use {
    store_row_fn *row;
    void *arg;
    char message[256]; /* set for BUSY, FULL, READONLY, NOMEM and IO */
};

/*
 * Open or create the file and its table. STORE_OK and *ret_store; else what is wrong, without the
 * path, is in use->message.
 */
enum store_result store_open(const char *path, struct store_use *use, struct store **ret_store);
/* No other call may be under way. Takes NULL. */
void store_close(struct store *store);

/* Each from any thread. The row of the item as it is then goes to use->row. */
enum store_result store_create(struct store *store, struct store_use *use,
                               const struct model *model);
enum store_result store_read(struct store *store, struct store_use *use, int64_t id);
/* All of the item is new; tags that are absent become []. */
enum store_result store_replace(struct store *store, struct store_use *use, int64_t id,
                                const struct model *model);
/* Only what the model has is new. */
enum store_result store_change(struct store *store, struct store_use *use, int64_t id,
                               const struct model *model);
enum store_result store_delete(struct store *store, struct store_use *use, int64_t id);
/* By id; the rows and *ret_total are of one moment. */
enum store_result store_list(struct store *store, struct store_use *use, int64_t limit,
                             int64_t offset, int64_t *ret_total);
#endif
