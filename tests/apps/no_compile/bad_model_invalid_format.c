/* expect: -W(error=)?format */
#include <cgw/model.h>

int check(cgw_check *check, const void *value);
int check(cgw_check *check, const void *value)
{
    return cgw_invalid(check, "%s is odd", *(const int *)value);
}
