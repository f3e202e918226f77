/* The variables by which listening sockets are passed, read strictly. */
#include "net/inherited.h"
#include "base/mem.h"
#include "base/number.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static bool is_for_us(const char *pid)
{
    uint64_t number;
    return pid && number_decimal(str_from(pid), INT_MAX, &number) == 0 &&
           number == (uint64_t)getpid();
}

static bool starts_with(struct str text, const char *with)
{
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

static bool ends_with(struct str text, const char *with)
{
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.ptr + text.len - len, with, len) == 0;
}

/* Names are in the order of the descriptors, with colons between; there may be too few. */
static void read_names(struct inherited *inherited, const char *names)
{
    for (size_t i = 0; i < inherited->n && names; i++) {
        struct str name = {names, strcspn(names, ":")};
        struct inherited_socket *item = &inherited->items[i];
        bool is_file = ends_with(name, INHERITED_FILE);
        inherited->is_upgrade |= starts_with(name, INHERITED_UPGRADE);
        item->is_metrics = str_is(name, STR(INHERITED_METRICS)) ||
                           (is_file && starts_with(name, INHERITED_METRICS));
        item->has_file = is_file;
        names = names[name.len] ? names + name.len + 1 : NULL;
    }
    for (size_t i = 0; i < inherited->n && !inherited->is_upgrade; i++)
        inherited->items[i].has_file = false; /* a manager's files are the manager's */
}

static int read_all(struct inherited *inherited, const char *count, char **ret_error)
{
    uint64_t n = 0;
    if (!count || number_decimal(str_from(count), INHERITED_MAX, &n) < 0) {
        *ret_error = mem_printf("LISTEN_FDS is \"%s\", but takes a number from 0 to %d: sockets "
                                "that this process was given cannot be told",
                                count ? count : "", INHERITED_MAX);
        return -EINVAL;
    }
    for (size_t i = 0; i < n; i++) {
        int fd = INHERITED_FIRST + (int)i;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
            *ret_error = mem_printf("LISTEN_FDS is %s, but descriptor %d is not open: %s", count,
                                    fd, strerror(errno));
            return -EINVAL;
        }
        inherited->items[i] = (struct inherited_socket){.fd = fd};
    }
    inherited->n = n;
    return 0;
}

int inherited_read(struct inherited *ret, char **ret_error)
{
    int rc = 0;
    *ret = (struct inherited){.n = 0};
    *ret_error = NULL;
    if (is_for_us(getenv("LISTEN_PID"))) {
        rc = read_all(ret, getenv("LISTEN_FDS"), ret_error);
        if (rc == 0)
            read_names(ret, getenv("LISTEN_FDNAMES"));
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    unsetenv("LISTEN_PIDFDID");
    return rc;
}
