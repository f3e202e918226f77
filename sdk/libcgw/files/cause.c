/* The first numbers of errno, and some above 31, are codes of the interface and of the SDK: what
   they mean in files is told by other words. */
#include "files/cause.h"
#include <cgw/base.h>
#include <errno.h>

int cause_code(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EXDEV:
        return CGW_ENOENT;
    case ENOMEM:
        return CGW_ENOMEM;
    case EPERM:
        return -EACCES;
    default:
        return error > 6 && (error < 32 || error > 63) ? -error : error ? CGW_EIO : CGW_OK;
    }
}
