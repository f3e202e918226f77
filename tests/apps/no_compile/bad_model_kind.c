/* expect: CGW__TYPE_complex */
#include <cgw/model.h>

#define THING(F) F(complex, z)
CGW_MODEL(Thing, THING)
