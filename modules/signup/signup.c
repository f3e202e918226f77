/*
 * Somebody signs up and is answered at once; two mails go out behind the answer, one after the
 * other.
 */
#include <cgw.h>

#define SIGNUP(F)                                                   \
    F(str, name, .min_len = 1, .max_len = 80)                       \
    F(str, email, .max_len = 254, .pattern = "^[^@\\s]+@[^@\\s]+$", \
      .example = "\"ada@example.org\"")                             \
    F(bool, newsletter, .def = false)
CGW_MODEL(Signup, SIGNUP)

#define WELCOME(F) F(str, name) F(str, message)
CGW_MODEL(Welcome, WELCOME)

struct mail {
    const char *kind, *to;
};

/* Stands for a mail server: it takes a while, and may refuse, which ends the row. */
static int deliver(void *arg)
{
    const struct mail *mail = arg;
    int status = cgw_sleep(0.05);
    if (status != CGW_OK)
        return status;
    cgw_log(NULL, "%s mail sent to %s", mail->kind, mail->to);
    return CGW_OK;
}

CGW_POST(sign_up, "/signup", .body = Signup_model, .reply = Welcome_model, .status = 201)
{
    const Signup *signup = cgw_body(req, Signup);
    struct mail mails[] = {{"welcome", signup->email}, {"newsletter", signup->email}};
    cgw_after(req, deliver, cgw_dup(req, &mails[0], sizeof(mails[0])));
    if (signup->newsletter)
        cgw_after(req, deliver, cgw_dup(req, &mails[1], sizeof(mails[1])));
    Welcome welcome = {.name = signup->name, .message = "check your mail"};
    return cgw_json(req, 201, Welcome, &welcome);
}

CGW_APPLICATION(.name = "signup");
