#include <cgw.h>
#include <string.h>

#define KIND(V) V(TRIAL, "trial") V(PAID, "paid")
CGW_ENUM(Kind, KIND)

#define ADDRESS(F)                 \
    F(str, street, .max_len = 100) \
    F(str, country, .pattern = "^[A-Z]{2}$")
CGW_MODEL(Address, ADDRESS)

static int is_no_palindrome(cgw_check *check, const void *value)
{
    const char *name = *(const cgw_string *)value, *end = name + strlen(name) - 1;
    while (name < end && *name == *end) {
        name++;
        end--;
    }
    return name < end ? 0 : cgw_invalid(check, "\"%s\" reads the same backwards", name);
}

static int is_account(cgw_check *check, const void *object);

#define ACCOUNT(F)                                                         \
    F(str, name, .min_len = 1, .max_len = 80, .check = is_no_palindrome)   \
    F(text, password, .min_len = 12, .hidden = true, .doc = "never shown") \
    F(enumeration(Kind), kind, .def_str = "trial")                         \
    F(f64, discount, .opt = true, .ge = 0, .lt = 1)                        \
    F(datetime, until, .opt = true)                                        \
    F(models(Address), addresses, .max_items = 10)                         \
    F(list(str), tags, .opt = true, .max_items = 20, .max_len = 30)
CGW_MODEL(Account, ACCOUNT, .strict = true, .check = is_account)

static int is_account(cgw_check *check, const void *object)
{
    const Account *account = object;
    if (account->kind == TRIAL && !cgw_has(Account, account, until))
        return cgw_invalid_field(check, "until", "a trial ends some day");
    return 0;
}

/* 422 with all that is wrong, or the account. */
CGW_POST(create_account, "/accounts", .body = Account_model, .reply = Account_model)
{
    const Account *account = cgw_body(req, Account);
    return cgw_json(req, 201, Account, account);
}

#define PAGE(F)                                  \
    F(u32, limit, .def = 50, .ge = 1, .le = 500) \
    F(u32, offset, .def = 0)                     \
    F(list(str), tag, .opt = true)
CGW_MODEL(Page, PAGE)

/* GET /accounts?limit=10&tag=a&tag=b */
CGW_GET(list_accounts, "/accounts", .params = Page_model)
{
    const Page *page = cgw_params(req, Page);
    return cgw_text(req, 200, "%u from %u with %zu tags\n", page->limit, page->offset,
                    page->tag.len);
}
