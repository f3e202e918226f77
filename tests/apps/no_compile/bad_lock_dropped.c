/* expect: unused-result|ignoring return value */
#include <cgw.h>

static cgw_mutex mutex;

CGW_GET(count, "/count")
{
    cgw_mutex_lock(&mutex);
    cgw_mutex_unlock(&mutex);
    return cgw_empty(req, 204);
}
