/* expect: Size_enum|unknown type name .Size */
#include <cgw/model.h>

#define THING(F) F(enumeration(Size), size)
CGW_MODEL(Thing, THING)
