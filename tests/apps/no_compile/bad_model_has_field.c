/* expect: no member named .m */
#include <cgw/model.h>

#define A(F) F(i64, n)
CGW_MODEL(One, A)
int has(const One *one);
int has(const One *one)
{
    return cgw_has(One, one, m);
}
