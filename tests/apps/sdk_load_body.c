/* A body where there is none: it must not come to serve. */
#include <cgw.h>

#define ITEM(F) F(str, name)
CGW_MODEL(Item, ITEM)

CGW_ROUTE("POST,GET", find, "/find", .body = Item_model)
{
    return cgw_text(req, 200, "%s", cgw_body(req, Item)->name);
}
