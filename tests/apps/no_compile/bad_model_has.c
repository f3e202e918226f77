/* expect: _Generic */
#include <cgw/model.h>

#define A(F) F(i64, n)
CGW_MODEL(One, A)
CGW_MODEL(Other, A)
int has(const Other *other);
int has(const Other *other)
{
    return cgw_has(One, other, n);
}
