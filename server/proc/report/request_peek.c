/* Everything is copied by process_vm_readv(2), a struct at a time, and checked before it is used.
 */
#include "proc/report/request_peek.h"
#include "app/call.h"
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum { METHOD_MAX_BYTES = 32 };

static int copy(pid_t pid, uint64_t from, void *to, size_t bytes)
{
    struct iovec here = {to, bytes}, there = {(void *)(uintptr_t)from, bytes};
    ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
    if (got < 0)
        return -errno;
    return (size_t)got == bytes ? 0 : -EFAULT;
}

/* A string of theirs behind what is in dst already, cut where the room ends. */
static int append(pid_t pid, struct cgw_str text, size_t most, char *dst, size_t room)
{
    size_t used = strlen(dst), n = text.len < most ? text.len : most;
    if (n > room - 1 - used)
        n = room - 1 - used;
    int rc = n ? copy(pid, (uintptr_t)text.ptr, dst + used, n) : 0;
    dst[used + (rc == 0 ? n : 0)] = '\0';
    for (size_t i = used; i < used + n && rc == 0; i++)
        if (dst[i] == '\0')
            dst[i] = '?';
    return rc;
}

static void append_own(const char *text, char *dst, size_t room)
{
    size_t used = strlen(dst), n = strlen(text);
    if (n < room - used)
        memcpy(dst + used, text, n + 1);
}

static const char *version_of(const struct cgw_scope *scope)
{
    return scope->http_major == 2 ? " HTTP/2" : scope->http_minor ? " HTTP/1.1" : " HTTP/1.0";
}

static int read_line(pid_t pid, const struct cgw_scope *scope, char *dst)
{
    enum { ROOM = BOARD_REQUEST_BYTES, TARGET_ROOM = ROOM - sizeof " HTTP/1.1" + 1 };
    dst[0] = '\0';
    int rc = append(pid, scope->method, METHOD_MAX_BYTES, dst, TARGET_ROOM);
    append_own(" ", dst, TARGET_ROOM);
    if (rc == 0)
        rc = append(pid, scope->raw_path, SIZE_MAX, dst, TARGET_ROOM);
    if (scope->query.len)
        append_own("?", dst, TARGET_ROOM);
    if (rc == 0)
        rc = append(pid, scope->query, SIZE_MAX, dst, TARGET_ROOM);
    append_own(version_of(scope), dst, ROOM);
    return rc;
}

static int read_call(pid_t pid, uint64_t address, struct call *call)
{
    int rc = address ? copy(pid, address, call, sizeof *call) : -EINVAL;
    if (rc == 0 && (call->kind != &call_http || !call->id || call->is_finished))
        rc = -EINVAL;
    return rc;
}

int request_peek(pid_t pid, uint64_t address, struct board_request *ret)
{
    struct call call = {.id = 0};
    struct cgw_str route;
    ret->is_known = false;
    int rc = read_call(pid, address, &call);
    if (rc == 0)
        rc = read_line(pid, &call.scope, ret->line);
    if (rc < 0)
        return rc;
    ret->route[0] = '\0';
    route = (struct cgw_str){call.route_name.ptr, call.route_name.len};
    if (route.ptr && append(pid, route, SIZE_MAX, ret->route, sizeof ret->route) < 0)
        ret->route[0] = '\0';
    ret->id = call.id;
    ret->is_known = true;
    return 0;
}
