/* expect: integer from pointer|pointer to integer|incompatible */
#include <cgw/model.h>

#define THING(F) F(i64, n, .gt = "3")
CGW_MODEL(Thing, THING)
