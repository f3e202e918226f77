#include <assert.h>
#include <cgw.h>
#include <cgw/test.h>
#include <stdio.h>

/* The application: in a project of its own file, linked into the test. */
CGW_GET(nap, "/nap")
{
    CGW_TRY(req, cgw_sleep(2));
    return cgw_text(req, 200, "slept\n");
}

typedef struct User {
    const char *name;
} User;

CGW_DEPENDS(User, current_user)
{
    return 401;
}

CGW_GET(me, "/me")
{
    const User *user = User_need(req);
    return user ? cgw_text(req, 200, "%s\n", user->name) : cgw_done(req);
}

/* The test: any runner will do. */
int main(void)
{
    cgw_test *test = cgw_test_open(.follow = true);
    if (!test) {
        fprintf(stderr, "%s\n", cgw_test_error());
        return 1;
    }
    cgw_answer naps[100];
    cgw_test_crowd(test, (struct cgw_test_request){.target = "/nap"}, 100, naps);
    assert(naps[99].status == 200 && naps[99].seconds < 2.1);

    const User ada = {"ada"};
    cgw_answer answer = cgw_test_get(test, "/me");
    assert(answer.status == 401 && cgw_json_eq(answer.text, "/detail", "\"Unauthorized\""));
    assert(cgw_test_override(test, "current_user", &ada, sizeof ada) == 0);
    answer = cgw_test_get(test, "/me", .leave_after = 60);
    assert(answer.status == 200 && answer.is_complete);
    return cgw_test_close(test) ? 1 : 0;
}
