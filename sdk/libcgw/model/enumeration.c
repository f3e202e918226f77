/* The names of enumerations in JSON. They are few: a walk beats what could be built. */
#include <cgw/model.h>

const char *cgw__enum_name(const cgw_enum *values, int value)
{
    for (size_t i = 0; i < values->n_values; i++)
        if (values->values[i].value == value)
            return values->values[i].name;
    return NULL;
}
