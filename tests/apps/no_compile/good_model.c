/* What the bad_model_*.c beside it do wrong, done right. */
#include <cgw/model.h>

#define SIZE(V) V(SMALL, "small") V(LARGE, "large")
CGW_ENUM(Size, SIZE)
#define PART(F) F(str, name) F(i64, amount, .opt = true)
CGW_MODEL(Part, PART)
#define THING(F)                        \
    F(i64, id)                          \
    F(enumeration(Size), size)          \
    F(model(Part), main_part)           \
    F(models(Part), parts, .opt = true) \
    F(list(uuid), keys, .max_items = 3)
CGW_MODEL(Thing, THING, .strict = true)

int read_part(cgw_request *req, cgw_str json, Part *ret_part);

int read_part(cgw_request *req, cgw_str json, Part *ret_part)
{
    if (cgw_parse(req, Part, json, ret_part, NULL))
        return -1;
    return cgw_has(Part, ret_part, amount);
}
