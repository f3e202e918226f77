/* Whole files. The thread reads into the heap, as the request's memory is not its to use. */
#include "base/disk.h"
#include "base/memory.h"
#include "files/opened.h"
#include "web/request.h"
#include <cgw/file.h>
#include <errno.h>
#include <unistd.h>

enum { LIMIT = 16 << 20, SMALL = 4096 };

struct reading {
    const char *path;
    const struct cgw_file_read_options *options;
    uint64_t limit;
    int fd;
    char *ptr; /* of the heap */
    size_t len, room;
};

/* ---- on the thread ---- */

/* One byte more than the limit tells that there are too many. */
static bool make_room(struct reading *reading, size_t room)
{
    char *ptr = memory_grow(reading->ptr, room + 1);
    if (!ptr)
        return false;
    reading->ptr = ptr;
    reading->room = room;
    return true;
}

static int look(struct reading *reading)
{
    struct stat info;
    if (fstat(reading->fd, &info) < 0)
        return disk_code(errno);
    if (!S_ISREG(info.st_mode))
        return S_ISDIR(info.st_mode) ? -EISDIR : -EINVAL;
    uint64_t size = (uint64_t)info.st_size;
    if (size > reading->limit)
        return CGW_ETOOBIG;
    /* those of /proc say 0 */
    return make_room(reading, size < SMALL ? SMALL : (size_t)size + 1) ? CGW_OK : CGW_ENOMEM;
}

static int read_all(struct reading *reading)
{
    int status = look(reading);
    while (status == CGW_OK) {
        ssize_t n = read(reading->fd, reading->ptr + reading->len, reading->room - reading->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? disk_code(errno) : CGW_OK;
        reading->len += (size_t)n;
        if (reading->len > reading->limit)
            status = CGW_ETOOBIG;
        else if (reading->len == reading->room && !make_room(reading, 2 * reading->room))
            status = CGW_ENOMEM;
    }
    return status;
}

static int read_file(void *arg)
{
    struct reading *reading = arg;
    reading->fd = opened_wait(reading->options->beneath, reading->path);
    if (reading->fd < 0)
        return reading->fd;
    int status = read_all(reading);
    close(reading->fd);
    return status;
}

/* ---- back ---- */

struct taking {
    struct arena *arena;
    struct reading *reading;
    cgw_str data;
};

/* Small ones are copied; large ones stay where they are, until the memory's owner is over. */
static int take(void *arg)
{
    struct taking *taking = arg;
    struct reading *reading = taking->reading;
    reading->ptr[reading->len] = '\0';
    if (reading->len < SMALL) {
        taking->data.ptr = arena_copy(taking->arena, reading->ptr, reading->len);
    } else if (arena_defer(taking->arena, memory_free, reading->ptr) == CGW_OK) {
        taking->data.ptr = reading->ptr;
        reading->ptr = NULL;
    }
    taking->data.len = reading->len;
    return taking->data.ptr ? CGW_OK : CGW_ENOMEM;
}

int cgw__file_read(cgw_request *req, const char *path, cgw_str *ret_data,
                   struct cgw_file_read_options options, const struct cgw_site *site)
{
    struct task *task = task_here();
    struct reading reading = {
        .path = path, .options = &options, .limit = options.limit ? options.limit : LIMIT};
    if (!task || !path)
        return CGW_EINVAL;
    int status = cgw__blocking(cgw__task_int(read_file, "cgw_file_read"), &reading, site);
    struct taking taking = {req ? &req->arena : task->arena, &reading, {NULL, 0}};
    if (status == CGW_OK)
        status = req ? request_do(req, take, &taking) : task_on_loop(take, &taking);
    memory_free(reading.ptr);
    if (status == CGW_OK)
        *ret_data = taking.data;
    return status;
}
