/* Taking a body and answering, where every call of the host's may block. Each reply is the last
   thing of a call: it finishes it. [thread of the call] */
#ifndef ITEMS_REPLY_H
#define ITEMS_REPLY_H
#include <cgw/abi.h>
#include <json-c/json.h>

enum { REPLY_BODY_MAX = 64 * 1024 };

/* The JSON is put. One field more may be given: name NULL for none. */
void reply_json(struct cgw_call *call, unsigned status, struct json_object *json, const char *name,
                const char *value);
/* {"detail": detail} */
void reply_error(struct cgw_call *call, unsigned status, const char *detail, const char *name,
                 const char *value);
void reply_no_memory(struct cgw_call *call);
void reply_empty(struct cgw_call *call, unsigned status);
void reply_text(struct cgw_call *call, const char *text);

/*
 * The whole body, with a NUL behind it; it lives until the call is finished. 0; or -1 after a reply
 * (413, 503) or, where the client is gone, without one: the call is finished either way.
 */
int reply_read_body(struct cgw_call *call, struct cgw_str *ret_body);

/* The first field of that lower-case name; NULL where there is none. */
const struct cgw_str *reply_field(const struct cgw_scope *scope, const char *name);
#endif
