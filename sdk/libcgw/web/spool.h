/*
 * The bytes of a file that came with a form: in memory while they are few, in a file without a name
 * in $TMPDIR when they are many. That file is written and read on the pool, so that the loop is
 * never held, and closed when the request is over, however that comes about.
 */
#ifndef WEB_SPOOL_H
#define WEB_SPOOL_H
#include <cgw/model.h>
#include <stdatomic.h>

struct cgw__spool {
    cgw_request *req;
    char *bytes; /* of the heap: all of it, or what is to be written next */
    size_t len, room;
    uint64_t size, written;
    int fd;    /* -1: all is in memory */
    int error; /* errno of the disk, for the log; 0: none */
    /* Two tasks may be about these at once, on threads. */
    atomic_bool is_linked;    /* cgw_upload_save() has given the file a name */
    const char *_Atomic text; /* of cgw_upload_text(), or NULL */
    char *piece;              /* of cgw_upload_next(), or NULL */
    uint64_t piece_end;       /* up to where that has read */
};

/* It goes with the request. CGW_OK or CGW_ENOMEM. */
int spool_new(cgw_request *req, struct cgw__spool **ret_spool);
/* Bytes behind the others; beyond so many in memory all goes to disk. CGW_OK; CGW_ENOMEM; as
   disk_code(), and error is set; why the task was canceled. Suspends. */
int spool_add(struct cgw__spool *spool, cgw_str bytes, uint64_t memory_bytes,
              const struct cgw_site *site);
/* There are no more. Errors as above. Suspends. */
int spool_end(struct cgw__spool *spool, const struct cgw_site *site);
/* Up to len bytes from offset on. Suspends. */
int spool_read(struct cgw__spool *spool, uint64_t offset, char *dst, size_t len, size_t *ret_len,
               const struct cgw_site *site);
/* Where files go: $TMPDIR, or /tmp. */
const char *spool_folder(void);
#endif
