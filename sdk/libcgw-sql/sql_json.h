/* Fields that no column type fits, models and lists, as JSON text. [any-thread] */
#ifndef SQL_SQL_JSON_H
#define SQL_SQL_JSON_H
#include "base/arena.h"
#include <cgw/model.h>

/* The member as JSON text of the arena; ptr NULL: out of memory, or it has none (CGW_EINVAL). */
int sql_json_write(const struct cgw_field *field, const void *member, struct arena *arena,
                   cgw_str *ret_text);
/* Text into the member. CGW_OK; CGW_EINVALID: it is no such JSON; CGW_ETOOBIG; CGW_ENOMEM. */
int sql_json_read(const struct cgw_field *field, cgw_str text, struct arena *arena, void *member);
#endif
