/* Files of forms, in memory and on disk. */
#include "web/spool.h"
#include "base/disk.h"
#include "base/memory.h"
#include "web/application.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is written at once. */
enum { BATCH_BYTES = 256 * 1024, FIRST_BYTES = 4096 };

const char *spool_folder(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

/* ---- its end ---- */

/* Giving a large file's blocks back takes a disk's time. */
static int close_file(void *arg)
{
    const struct cgw__spool *spool = arg;
    close(spool->fd);
    return CGW_OK;
}

static void spool_close(void *arg)
{
    struct cgw__spool *spool = arg;
    memory_free(spool->bytes);
    if (spool->fd >= 0 && task_blocking(close_file, spool, NULL) != CGW_OK)
        close(spool->fd);
}

struct birth {
    cgw_request *req;
    struct cgw__spool *spool;
};

static int give_birth(void *arg)
{
    struct birth *birth = arg;
    struct arena *arena = &birth->req->arena;
    struct cgw__spool *spool = arena_zalloc(arena, sizeof(*spool));
    if (!spool || arena_defer(arena, spool_close, spool) != CGW_OK)
        return CGW_ENOMEM;
    spool->req = birth->req;
    spool->fd = -1;
    birth->spool = spool;
    return CGW_OK;
}

int spool_new(cgw_request *req, struct cgw__spool **ret_spool)
{
    struct birth birth = {req, NULL};
    int status = request_do(req, give_birth, &birth);
    if (status == CGW_OK)
        *ret_spool = birth.spool;
    return status;
}

/* ---- to disk ---- */

/* A file system that cannot make a file without a name: one is made, and loses it at once. */
static int open_named(const char *folder)
{
    char path[1024];
    int len = snprintf(path, sizeof(path), "%s/cgw-form-XXXXXX", folder);
    if (len < 0 || (size_t)len >= sizeof(path))
        return errno = ENAMETOOLONG, -1;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

/* Nobody can open it but through us: the mode is for the name that cgw_upload_save() may give. */
static int open_file(void)
{
    const char *folder = spool_folder();
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    bool is_unknown = fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
    return is_unknown ? open_named(folder) : fd;
}

static int flush(void *arg)
{
    struct cgw__spool *spool = arg;
    if (spool->fd < 0 && (spool->fd = open_file()) < 0)
        spool->error = errno;
    else
        spool->error = disk_write(spool->fd, spool->bytes, spool->len);
    if (spool->error)
        return disk_code(spool->error);
    spool->written += spool->len;
    spool->len = 0;
    return CGW_OK;
}

/* ---- in memory ---- */

/* Room for one byte more than that. */
static int reserve(struct cgw__spool *spool, size_t bytes)
{
    size_t room = spool->room ? spool->room : FIRST_BYTES;
    while (room <= bytes)
        room *= 2;
    if (room == spool->room)
        return CGW_OK;
    char *grown = memory_grow(spool->bytes, room);
    if (!grown)
        return CGW_ENOMEM;
    spool->bytes = grown;
    spool->room = room;
    return CGW_OK;
}

/* From memory to disk, and from now on in batches. */
static int spill(struct cgw__spool *spool, const struct cgw_site *site)
{
    int status = task_blocking(flush, spool, site);
    return status == CGW_OK ? reserve(spool, BATCH_BYTES - 1) : status;
}

static size_t take(struct cgw__spool *spool, cgw_str bytes)
{
    size_t room = spool->room - spool->len, n = bytes.len < room ? bytes.len : room;
    memcpy(spool->bytes + spool->len, bytes.ptr, n);
    spool->len += n;
    spool->size += n;
    return n;
}

int spool_add(struct cgw__spool *spool, cgw_str bytes, uint64_t memory_bytes,
              const struct cgw_site *site)
{
    int status = CGW_OK;
    if (spool->fd < 0 && spool->size + bytes.len > memory_bytes)
        status = spill(spool, site);
    else if (spool->fd < 0)
        status = reserve(spool, spool->len + bytes.len);
    while (status == CGW_OK && bytes.len) {
        size_t n = take(spool, bytes);
        bytes = (cgw_str){bytes.ptr + n, bytes.len - n};
        if (spool->len == spool->room && spool->fd >= 0)
            status = task_blocking(flush, spool, site);
    }
    return status;
}

int spool_end(struct cgw__spool *spool, const struct cgw_site *site)
{
    if (spool->fd >= 0) {
        int status = spool->len ? task_blocking(flush, spool, site) : CGW_OK;
        memory_free(spool->bytes);
        spool->bytes = NULL;
        spool->room = 0;
        return status;
    }
    char *fitting = memory_grow(spool->bytes, spool->len + 1);
    if (!fitting)
        return CGW_ENOMEM;
    spool->bytes = fitting;
    spool->room = spool->len + 1;
    fitting[spool->len] = '\0';
    return CGW_OK;
}

/* ---- back ---- */

struct reading {
    struct cgw__spool *spool;
    uint64_t offset;
    char *dst;
    size_t len, done;
};

static int read_file(void *arg)
{
    struct reading *reading = arg;
    while (reading->done < reading->len) {
        ssize_t n = pread(reading->spool->fd, reading->dst + reading->done,
                          reading->len - reading->done, (off_t)(reading->offset + reading->done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? disk_code(errno) : CGW_EIO; /* its size is known: it was cut */
        reading->done += (size_t)n;
    }
    return CGW_OK;
}

int spool_read(struct cgw__spool *spool, uint64_t offset, char *dst, size_t len, size_t *ret_len,
               const struct cgw_site *site)
{
    uint64_t left = offset < spool->size ? spool->size - offset : 0;
    struct reading reading = {spool, offset, dst, left < len ? (size_t)left : len, 0};
    int status = CGW_OK;
    if (spool->fd >= 0 && reading.len)
        status = task_blocking(read_file, &reading, site);
    else if (reading.len)
        memcpy(dst, spool->bytes + offset, reading.len);
    if (status == CGW_OK)
        *ret_len = reading.len;
    return status;
}
