/*
 * Files piece by piece, and written whole. Every step is one job for a thread, and always is: a
 * file that is read from the kernel's cache without ever suspending would keep the loop from all
 * others.
 */
#include "base/disk.h"
#include "base/memory.h"
#include "files/opened.h"
#include "files/writer.h"
#include <errno.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024 };

struct cgw_file_stream {
    bool is_writing;
    struct writer writer;
    int fd; /* that is read; -1: none */
    uint64_t at;
    char *piece; /* of the heap */
    size_t room, len;
};

struct job {
    cgw_file_stream *file;
    const char *path;
    const struct cgw_file_open_options *options;
    const char *ptr;
    size_t len;
};

static int run(cgw_task_fn *fn, struct job *job, const char *name, const struct cgw_site *site)
{
    return cgw__blocking(cgw__task_int(fn, name), job, site);
}

/* ---- open ---- */

static int open_to_read(cgw_file_stream *file, const struct job *job)
{
    struct stat info;
    file->room = job->options->piece ? job->options->piece : PIECE_BYTES;
    file->piece = file->room < SIZE_MAX ? memory_alloc(file->room + 1) : NULL;
    if (!file->piece)
        return CGW_ENOMEM;
    file->fd = opened_wait(job->options->beneath, job->path);
    if (file->fd < 0)
        return file->fd;
    if (fstat(file->fd, &info) < 0)
        return disk_code(errno);
    return S_ISREG(info.st_mode) ? CGW_OK : S_ISDIR(info.st_mode) ? -EISDIR : -EINVAL;
}

static int do_open(void *arg)
{
    const struct job *job = arg;
    const struct cgw_file_open_options *options = job->options;
    const struct cgw_file_write_options how = {options->append, options->sync, options->mode};
    if (job->file->is_writing)
        return writer_open(&job->file->writer, job->path, &how);
    return open_to_read(job->file, job);
}

static void free_stream(cgw_file_stream *file)
{
    if (file->is_writing)
        writer_drop(&file->writer);
    if (file->fd >= 0)
        close(file->fd);
    memory_free(file->piece);
    memory_free(file);
}

int cgw__file_open(const char *path, cgw_file_stream **ret_file,
                   struct cgw_file_open_options options, const struct cgw_site *site)
{
    cgw_file_stream *file = path ? memory_zalloc(sizeof(*file)) : NULL;
    struct job job = {.file = file, .path = path, .options = &options};
    if (!file)
        return path ? CGW_ENOMEM : CGW_EINVAL;
    *file = (cgw_file_stream){.is_writing = options.write || options.append,
                              .writer.fd = -1,
                              .fd = -1,
                              .at = options.offset};
    int status = run(do_open, &job, "cgw_file_open", site);
    if (status == CGW_OK)
        *ret_file = file;
    else
        free_stream(file);
    return status;
}

/* ---- read and write ---- */

static int do_next(void *arg)
{
    cgw_file_stream *file = ((struct job *)arg)->file;
    ssize_t n;
    do
        n = pread(file->fd, file->piece, file->room, (off_t)file->at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return disk_code(errno);
    file->len = (size_t)n;
    file->at += file->len;
    file->piece[file->len] = '\0';
    return CGW_OK;
}

int cgw__file_next(cgw_file_stream *file, cgw_str *ret_piece, const struct cgw_site *site)
{
    struct job job = {.file = file};
    if (!file || file->is_writing)
        return CGW_EINVAL;
    int status = run(do_next, &job, "cgw_file_next", site);
    if (status == CGW_OK)
        *ret_piece = (cgw_str){file->piece, file->len};
    return status;
}

static int do_put(void *arg)
{
    const struct job *job = arg;
    return writer_put(&job->file->writer, job->ptr, job->len);
}

int cgw__file_put(cgw_file_stream *file, const void *ptr, size_t len, const struct cgw_site *site)
{
    struct job job = {.file = file, .ptr = ptr, .len = len};
    if (!file || !file->is_writing)
        return CGW_EINVAL;
    int status = run(do_put, &job, "cgw_file_put", site);
    if (file->writer.status == CGW_OK)
        file->writer.status = status; /* a piece is missing */
    return status;
}

/* ---- close ---- */

static int do_close(void *arg)
{
    return writer_close(&((struct job *)arg)->file->writer);
}

int cgw__file_close(cgw_file_stream **file, const struct cgw_site *site)
{
    struct job job = {.file = *file};
    int status = CGW_OK;
    if (!*file)
        return CGW_OK;
    if (job.file->is_writing)
        status = run(do_close, &job, "cgw_file_close", site);
    cgw_file_drop(file);
    return status;
}

void cgw_file_drop(cgw_file_stream **file)
{
    if (*file)
        free_stream(*file);
    *file = NULL;
}

/* ---- all at once ---- */

struct writing {
    const char *path;
    cgw_str data;
    const struct cgw_file_write_options *options;
};

static int do_write(void *arg)
{
    const struct writing *writing = arg;
    struct writer writer;
    int status = writer_open(&writer, writing->path, writing->options);
    if (status != CGW_OK)
        return status;
    (void)writer_put(&writer, writing->data.ptr, writing->data.len);
    return writer_close(&writer);
}

int cgw__file_write(cgw_request *req, const char *path, cgw_str data,
                    struct cgw_file_write_options options, const struct cgw_site *site)
{
    struct writing writing = {path, data, &options};
    (void)req; /* as all that a handler does has one; nothing of it is needed yet */
    if (!path)
        return CGW_EINVAL;
    return cgw__blocking(cgw__task_int(do_write, "cgw_file_write"), &writing, site);
}
