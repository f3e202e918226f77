/* Which counters a request is one of. */
#include "app/count.h"
#include "base/board.h"

/* RFC 9110 9.1: methods are case-sensitive; what is not in upper case is none of these. */
static enum board_method method_of(struct cgw_str method)
{
    static const struct {
        struct str name;
        enum board_method method;
    } others[] = {{{"HEAD", 4}, BOARD_HEAD},
                  {{"PUT", 3}, BOARD_PUT},
                  {{"PATCH", 5}, BOARD_PATCH},
                  {{"DELETE", 6}, BOARD_DELETE},
                  {{"OPTIONS", 7}, BOARD_OPTIONS}};
    struct str name = {method.ptr, method.len};
    if (str_is(name, STR("GET")))
        return BOARD_GET;
    if (str_is(name, STR("POST")))
        return BOARD_POST;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (str_is(name, others[i].name))
            return others[i].method;
    return BOARD_OTHER;
}

static unsigned class_of(int status)
{
    return status >= 100 && status < 600 ? (unsigned)status / 100 : 0;
}

void count_call(struct call *call)
{
    struct board_slot *slot = call->runtime->slot;
    struct board_route *route = &slot->routes[call->route < BOARD_ROUTES ? call->route : 0];
    board_add(&route->requests[method_of(call->scope.method)][class_of(call->head.status)], 1);
    board_observe(&route->duration, call->ended_us - call->started_us);
}
