/*
 * An application that says all that a document can say: for the document itself, for the page that
 * shows it, and for the load that looks at it.
 */
#include <cgw.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void say(void)
{
    if (getenv("SDK_OPENAPI_SAYS"))
        puts(getenv("SDK_OPENAPI_SAYS"));
}

/* ---- models ---- */

#define COLOUR(V) V(RED, "red") V(GREEN, "gre\"en")
CGW_ENUM(Colour, COLOUR)

#define SIZE(F)                      \
    F(f64, width, .gt = 0, .le = 10) \
    F(u8, weight, .multiple_of = 5)
CGW_MODEL(Size, SIZE, .doc = "in metres and kilograms")

#define ITEM(F)                                                                       \
    F(str, name, .min_len = 1, .max_len = 80, .doc = "shown in lists",                \
      .example = "\"Nail\\u0021\"")                                                   \
    F(f64, price, .gt = 0, .def = 1.5)                                                \
    F(list(str), tags, .opt = true, .max_items = 3, .pattern = "^[a-z]+$")            \
    F(enumeration(Colour), colour, .def_str = "red")                                  \
    F(model(Size), size, .null = true)                                                \
    F(models(Size), sizes, .opt = true)                                               \
    F(uuid, id, .opt = true)                                                          \
    F(datetime, made_at, .opt = true, .alias = "madeAt")                              \
    F(bytes, image, .opt = true, .max_len = 100)                                      \
    F(bool, is_sold, .def = 0)                                                        \
    F(i32, count, .ge = 0, .def = 7)                                                  \
    F(text, code, .opt = true, .pattern = "\\A(?>a+)b\\z", .doc = "has no ECMA form") \
    F(str, secret, .opt = true, .hidden = true)
CGW_MODEL(Item, ITEM, .strict = true)

#define PAGE(F)                                                      \
    F(u32, limit, .def = 10, .le = 100, .doc = "how many there are") \
    F(list(str), tag, .opt = true)                                   \
    F(str, q, .opt = true, .min_len = 2)                             \
    F(enumeration(Colour), colour, .opt = true)
CGW_MODEL(Page, PAGE)

#define FIELDS(F)                      \
    F(str, x_token, .doc = "who asks") \
    F(str, etag, .alias = "If_Match", .opt = true)
CGW_MODEL(Fields, FIELDS)

#define CRUMBS(F) F(str, theme, .opt = true)
CGW_MODEL(Crumbs, CRUMBS)

#define PLACE(F) F(i64, id, .ge = 1, .doc = "the item's number")
CGW_MODEL(Place, PLACE)

#define PHOTO(F)                                         \
    F(str, title)                                        \
    F(upload, file, .max_len = 1000, .doc = "a picture") \
    F(list(upload), more, .opt = true)
CGW_MODEL(Photo, PHOTO)

#define LOGIN(F) F(str, user) F(str, password, .hidden = true)
CGW_MODEL(Login, LOGIN)

/* ---- who asks ---- */

CGW_AUTH_BEARER(api, .format = "JWT", .doc = "the key of your account");
CGW_AUTH_BASIC(staff, .optional = true);
CGW_AUTH_API_KEY(key, .header = "x-key", .optional = true);
CGW_AUTH_PASSWORD(account, .token_url = "/login",
                  .scopes = CGW_SCOPES({"items:write", "change them"}));

typedef struct User {
    int n;
} User;
typedef struct Count {
    int n;
} Count;
static int asked; /* the application's own dependency has run so often in this worker */

CGW_DEPENDS(Count, counted)
{
    out->n = ++asked;
    return 0;
}
CGW_DEPENDS(User, current_user, .auth = &api_auth)
{
    return cgw_auth_token(req, &api_auth) ? 0 : CGW_EFAILED;
}
typedef struct Boss {
    int n;
} Boss;
CGW_DEPENDS(Boss, boss, .depends = CGW_USES(current_user))
{
    return 0;
}
typedef struct Anyone {
    int n;
} Anyone;
CGW_DEPENDS(Anyone, by_password, .auth = &staff_auth)
{
    return 0;
}
typedef struct Machine {
    int n;
} Machine;
CGW_DEPENDS(Machine, by_key, .auth = &key_auth)
{
    return 0;
}
typedef struct Owner {
    int n;
} Owner;
CGW_DEPENDS(Owner, owner, .auth = &account_auth)
{
    return 0;
}

CGW_MIDDLEWARE(marked)
{
    cgw_reply reply = cgw_next(req);
    (void)cgw_set_header(req, "x-marked", "yes");
    return reply;
}

/* ---- routes ---- */

CGW_APPLICATION(.name = "shop <\"&>", .version = "1.2.3", .doc = "Sells \"things\" & more.\n",
                .depends = CGW_USES(counted), .middleware = CGW_THROUGH(marked));

CGW_ROUTER(items, "/items", .tag = "items");

CGW_GET(list_items, "", .router = &items_router, .params = Page_model, .reply_list = Item_model)
{
    const Page *page = cgw_params(req, Page);
    return cgw_text(req, 200, "limit %u tags %zu counted %d", page->limit, page->tag.len, asked);
}

CGW_POST(add_item, "", .router = &items_router, .body = Item_model, .reply = Item_model,
         .status = 201, .conflict = "there is one of that name", .tag = "changes",
         .example = "{\"name\": \"pen\", \"price\": 2.5, \"size\": null}",
         .replies = CGW_REPLIES({402, "pay first", NULL}, {451, NULL, Size_model}))
{
    return cgw_json(req, 0, Item, cgw_body(req, Item));
}

CGW_GET(get_item, "/{id:int}", .router = &items_router, .path_params = Place_model,
        .headers = Fields_model, .cookies = Crumbs_model, .reply = Item_model,
        .doc = "One of them.", .replies = CGW_REPLIES({404, "no such item", NULL}))
{
    return cgw_text(req, 200, "item %s for %s", cgw_path(req, "id"),
                    cgw_headers(req, Fields)->x_token);
}

CGW_DELETE(drop_item, "/{id:int}", .router = &items_router, .status = 204, .deprecated = true,
           .summary = "Throw it away", .depends = CGW_USES(boss))
{
    return cgw_fail(req, 404, "no item %s", cgw_path(req, "id"));
}

CGW_GET(item_by_name, "/{name}/share", .router = &items_router, .reply_type = "text/plain")
{
    return cgw_text(req, 200, "%s", cgw_path(req, "name"));
}
/* The same path to a document, but for what the converters say. */
CGW_GET(item_by_share, "/{name:int}/share", .router = &items_router)
{
    return cgw_text(req, 200, "share %s", cgw_path(req, "name"));
}

CGW_POST(add_photo, "/photos/{album}/{of:uuid}", .form = Photo_model,
         .depends = CGW_USES(by_password, by_key))
{
    const Photo *photo = cgw_form(req, Photo);
    return cgw_text(req, 200, "%s %s of %s has %llu bytes, %zu more", cgw_path(req, "album"),
                    photo->title, cgw_path(req, "of"), (unsigned long long)photo->file.size,
                    photo->more.len);
}

CGW_POST(login, "/login", .form = Login_model, .hidden = false)
{
    return cgw_text(req, 200, "hello %s", cgw_form(req, Login)->user);
}

CGW_PUT(set_owner, "/owner", .scopes = "items:write", .depends = CGW_USES(owner),
        .body = Size_model)
{
    return cgw_empty(req, 204);
}

CGW_ROUTE("GET,PUT,PURGE", anything, "/any/{rest:path}")
{
    return cgw_text(req, 200, "%s", cgw_path(req, "rest"));
}

CGW_GET(secret, "/secret", .hidden = true)
{
    return cgw_text(req, 200, "secret");
}

CGW_ROUTER(inner, "/inner", .hidden = true);
CGW_GET(inner_page, "/page", .router = &inner_router)
{
    return cgw_text(req, 200, "inner");
}

CGW_ROUTER(branch, "/branch/{city}", .is_application = true, .tag = "branches");
CGW_GET(branch_page, "/open", .router = &branch_router, .tag = "hours")
{
    return cgw_text(req, 200, "%s", cgw_path(req, "city"));
}
