/* expect: _Generic */
#include <cgw/model.h>

#define A(F) F(i64, n, .opt = true)
CGW_MODEL(One, A)
void leave_out(const One *one);
void leave_out(const One *one)
{
    cgw_set_absent(One, one, n);
}
