/* Codes in English. */
#include <cgw/base.h>
#include <string.h>

static const char *own(int status)
{
    switch (status) {
    case CGW_PENDING:
        return "it goes on";
    case CGW_OK:
        return "no error";
    case CGW_EINVAL:
        return "a wrong call, or out of order";
    case CGW_ECLOSED:
        return "the peer has left";
    case CGW_ENOMEM:
        return "out of memory";
    case CGW_ECANCELED:
        return "canceled";
    case CGW_EBUSY:
        return "too much to do at once";
    case CGW_EIO:
        return "a file could not be read";
    case CGW_ETIMEDOUT:
        return "a timeout is over";
    case CGW_ENOENT:
        return "not found";
    case CGW_ETOOBIG:
        return "a limit in bytes was exceeded";
    case CGW_EINVALID:
        return "data from outside did not pass its model";
    case CGW_ESHUT:
        return "the queue was closed";
    case CGW_EFAILED:
        return "a task, a dependency or a handler gave up";
    case CGW_ECONFLICT:
        return "a constraint of the data forbids it";
    case CGW_EDENIED:
        return "a password or a signature is wrong";
    case CGW_ECRASHED:
        return "a helper process ended before it had answered";
    default:
        return NULL;
    }
}

const char *cgw_strerror(int status)
{
    const char *text = own(status);
    if (!text && status < 0 && status > -4096)
        text = strerrordesc_np(-status);
    return text ? text : "no known code";
}
