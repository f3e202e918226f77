/* What handlers do with a file that came with a form: read it, save it, hand it on. */
#include "web/upload.h"
#include "base/disk.h"
#include "web/application.h"
#include "web/spool.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024 };

/* ---- reading ---- */

int cgw__upload_next(const cgw_upload *upload, cgw_str *ret_piece, const struct cgw_site *site)
{
    struct cgw__spool *spool = upload->spool;
    cgw_str piece = {"", 0};
    if (spool && spool->piece_end < spool->size) {
        if (spool->fd < 0) {
            piece = (cgw_str){spool->bytes, spool->len};
        } else {
            if (!spool->piece && !(spool->piece = cgw_alloc(spool->req, PIECE_BYTES)))
                return CGW_ENOMEM;
            int status =
                spool_read(spool, spool->piece_end, spool->piece, PIECE_BYTES, &piece.len, site);
            if (status != CGW_OK)
                return status;
            piece.ptr = spool->piece;
        }
    }
    if (spool)
        spool->piece_end = piece.len ? spool->piece_end + piece.len : 0;
    *ret_piece = piece;
    return CGW_OK;
}

int cgw__upload_read(const cgw_upload *upload, uint64_t offset, void *dst, size_t bytes,
                     size_t *ret_len, const struct cgw_site *site)
{
    if (upload->spool)
        return spool_read(upload->spool, offset, dst, bytes, ret_len, site);
    *ret_len = 0;
    return CGW_OK;
}

/* A file on disk is read once, and kept. */
static int load(struct cgw__spool *spool, const struct cgw_site *site)
{
    size_t len;
    char *text = spool->size < SIZE_MAX ? cgw_alloc(spool->req, (size_t)spool->size + 1) : NULL;
    if (!text)
        return CGW_ENOMEM;
    int status = spool_read(spool, 0, text, (size_t)spool->size, &len, site);
    if (status == CGW_OK)
        spool->text = text;
    return status;
}

int cgw__upload_text(const cgw_upload *upload, cgw_str *ret_text, const struct cgw_site *site)
{
    struct cgw__spool *spool = upload->spool;
    int status = CGW_OK;
    if (!spool) {
        *ret_text = (cgw_str){"", 0};
        return CGW_OK;
    }
    if (spool->fd >= 0 && !spool->text)
        status = load(spool, site);
    if (status == CGW_OK)
        *ret_text = (cgw_str){spool->fd >= 0 ? spool->text : spool->bytes, (size_t)spool->size};
    return status;
}

/* ---- a descriptor ---- */

struct opening {
    struct cgw__spool *spool;
    int fd;
};

static int open_copy(const struct cgw__spool *spool)
{
    int fd = memfd_create("upload", MFD_CLOEXEC);
    if (fd < 0)
        return disk_code(errno);
    int error = disk_write(fd, spool->bytes, spool->len);
    if (!error && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    close(fd);
    return error ? disk_code(error) : CGW_EIO;
}

/* One with an offset of its own; where there is no /proc, all share one. */
static int open_again(const struct cgw__spool *spool)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", spool->fd);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fd = fcntl(spool->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return disk_code(errno);
    (void)lseek(fd, 0, SEEK_SET);
    return fd;
}

static int open_spool(void *arg)
{
    struct opening *opening = arg;
    opening->fd = opening->spool->fd < 0 ? open_copy(opening->spool) : open_again(opening->spool);
    return opening->fd < 0 ? opening->fd : CGW_OK;
}

int cgw__upload_fd(const cgw_upload *upload, int *ret_fd, const struct cgw_site *site)
{
    struct opening opening = {upload->spool, -1};
    if (!upload->spool)
        return CGW_ENOENT;
    int status = task_blocking(open_spool, &opening, site);
    if (status == CGW_OK)
        *ret_fd = opening.fd;
    return status;
}

/* ---- saving ---- */

int cgw__upload_save(const cgw_upload *upload, const char *path, struct cgw_save_options options,
                     const struct cgw_site *site)
{
    struct upload_saving saving = {.spool = upload->spool, .path = path, .options = options};
    if (!path)
        return CGW_EINVAL;
    if (!upload->spool)
        return CGW_ENOENT;
    return task_blocking(upload_save, &saving, site);
}
