/* expect: CGW__ITEM_list|CGW__TYPE_list */
#include <cgw/model.h>

#define THING(F) F(list(list(i64)), rows)
CGW_MODEL(Thing, THING)
