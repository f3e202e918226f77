#include <cgw.h>
#include <string.h>

typedef struct User {
    int64_t id;
    const char *name;
} User;

CGW_DEPENDS(User, current_user)
{
    const char *key = cgw_header(req, "authorization");
    if (!key || strcmp(key, "Bearer let-me-in") != 0)
        return 401;
    *out = (User){1, "ada"};
    return 0;
}

typedef struct Session {
    const User *user;
    bool is_open;
} Session;

static void close_session(cgw_request *req, void *value, int status)
{
    Session *session = value;
    session->is_open = false;
    cgw_log(req, "session of %s closed behind a %d", session->user->name, status);
}

CGW_DEPENDS(Session, session, .teardown = close_session)
{
    const User *user = User_need(req);
    if (!user)
        return CGW_EFAILED;
    if (user->id != 1)
        return cgw_refuse(cgw_fail(req, 403, "%s may not do that", user->name));
    *out = (Session){user, true};
    return 0;
}

CGW_GET(me, "/me", .depends = CGW_USES(session))
{
    const User *user = User_need(req);
    if (!user)
        return cgw_done(req);
    return cgw_text(req, 200, "%s\n", user->name);
}
