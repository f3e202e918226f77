/* expect: no member named .minimum|does not refer to any field|field .*minimum */
#include <cgw/model.h>

#define THING(F) F(i64, n, .minimum = 3)
CGW_MODEL(Thing, THING)
