#include <cgw.h>
#include <cgw/crypto.h>
#include <cgw/sql.h>
#include <string.h>

#define BOOK_IN(F)                              \
    F(str, title, .min_len = 1, .max_len = 200) \
    F(i32, year, .ge = 1450, .le = 2100)
CGW_MODEL(BookIn, BOOK_IN)

#define BOOK(F) F(i64, id) BOOK_IN(F)
CGW_MODEL(Book, BOOK)

#define PAGE(F)            \
    F(u32, skip, .def = 0) \
    F(u32, limit, .def = 100, .ge = 1, .le = 1000)
CGW_MODEL(Page, PAGE)

/* ---- the database ---- */

static const struct cgw_migration steps[] = {
    {1,
     "CREATE TABLE books(id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, year INT NOT NULL)"},
    {2, "CREATE TABLE readers(name TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE)"},
    {0}};

typedef struct App {
    cgw_db *db;
} App;
CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    app->db = cgw_db_open(boot, "sqlite:shelf.db", .env = "SHELF_DB", .migrations = steps);
    return app->db ? 0 : -1;
}

static void stop(App *app)
{
    cgw_db_close(app->db);
}

/* ---- readers ---- */

CGW_AUTH_BEARER(reader, .doc = "What POST /readers gave.");

typedef struct Reader {
    const char *name;
} Reader;

CGW_DEPENDS(Reader, current_reader, .auth = &reader_auth)
{
    const char *token = cgw_auth_token(req, &reader_auth);
    if (!token)
        return CGW_EFAILED; /* the 401 is prepared */
    int rows = cgw_value(req, cgw_state(req, App)->db, &out->name,
                         "SELECT name FROM readers WHERE token = ?", token);
    if (rows == 0)
        return cgw_refuse(cgw_auth_refuse(req, &reader_auth, "this token is not known"));
    return rows < 0 ? rows : 0;
}

#define SIGN_UP(F) F(str, name, .min_len = 1, .max_len = 40)
CGW_MODEL(SignUp, SIGN_UP)

#define SIGNED_UP(F) SIGN_UP(F) F(str, token, .doc = "to be kept: nobody will say it again")
CGW_MODEL(SignedUp, SIGNED_UP)

CGW_POST(sign_up, "/readers", .body = SignUp_model, .reply = SignedUp_model, .status = 201,
         .conflict = "this name is taken")
{
    SignedUp reader = {.name = cgw_body(req, SignUp)->name, .token = cgw_token_new(req, 32)};
    if (!reader.token)
        return cgw_error(req, CGW_ENOMEM);
    CGW_TRY(req, cgw_put(req, cgw_state(req, App)->db, SignedUp, &reader, NULL,
                         "INSERT INTO readers(name, token) VALUES (:name, :token)"));
    return cgw_json(req, 201, SignedUp, &reader);
}

CGW_GET(me, "/me")
{
    const Reader *reader = Reader_need(req);
    return reader ? cgw_text(req, 200, "%s\n", reader->name) : cgw_done(req);
}

/* ---- new books ---- */

static int announce(void *title)
{
    int status = cgw_sleep(0.5); /* in place of a letter to all readers */
    if (status == CGW_OK)
        cgw_log(NULL, "new on the shelf: %s", (const char *)title);
    return status;
}

CGW_POST(create_book, "/books", .body = BookIn_model, .reply = Book_model, .status = 201,
         .conflict = "this title is there already", .depends = CGW_USES(current_reader))
{
    const BookIn *in = cgw_body(req, BookIn);
    Book book = {.title = in->title, .year = in->year};
    CGW_TRY(req, cgw_put(req, cgw_state(req, App)->db, BookIn, in, &book.id,
                         "INSERT INTO books(title, year) VALUES (:title, :year)"));
    cgw_after(req, announce, cgw_fmt(req, "%s", in->title));
    return cgw_json(req, 201, Book, &book);
}

/* ---- books ---- */

CGW_GET(list_books, "/books", .params = Page_model, .reply_list = Book_model)
{
    const Page *page = cgw_params(req, Page);
    return cgw_json_select(req, 200, cgw_state(req, App)->db, Book,
                           "SELECT id, title, year FROM books ORDER BY id LIMIT ? OFFSET ?",
                           page->limit, page->skip);
}

CGW_GET(get_book, "/books/{id:int}", .reply = Book_model)
{
    Book book;
    CGW_FOUND(req,
              cgw_one(req, cgw_state(req, App)->db, Book, &book,
                      "SELECT id, title, year FROM books WHERE id = ?", cgw_path_i64(req, "id")),
              "no such book");
    return cgw_json(req, 200, Book, &book);
}

CGW_PUT(change_book, "/books/{id:int}", .body = BookIn_model, .reply = Book_model,
        .conflict = "this title is there already", .depends = CGW_USES(current_reader))
{
    const BookIn *in = cgw_body(req, BookIn);
    Book book = {.id = cgw_path_i64(req, "id"), .title = in->title, .year = in->year};
    CGW_FOUND(req,
              cgw_put(req, cgw_state(req, App)->db, Book, &book, NULL,
                      "UPDATE books SET title = :title, year = :year WHERE id = :id"),
              "no such book");
    return cgw_json(req, 200, Book, &book);
}

CGW_DELETE(delete_book, "/books/{id:int}", .status = 204, .depends = CGW_USES(current_reader))
{
    CGW_FOUND(req,
              cgw_exec(req, cgw_state(req, App)->db, "DELETE FROM books WHERE id = ?",
                       cgw_path_i64(req, "id")),
              "no such book");
    return cgw_empty(req, 204);
}

/* ---- several at once ---- */

#define PRICE(F) F(str, shop) F(i32, cents)
CGW_MODEL(Price, PRICE)

struct question {
    const char *shop, *title;
    double seconds;
    int cents;
};

/* In place of a request to the shop. */
static int ask(void *arg)
{
    struct question *question = arg;
    int status = cgw_sleep(question->seconds);
    if (status == CGW_OK)
        question->cents = 100 * (int)strlen(question->title);
    return status;
}

CGW_GET(get_prices, "/books/{id:int}/prices", .reply_list = Price_model)
{
    const char *title;
    CGW_FOUND(req,
              cgw_value(req, cgw_state(req, App)->db, &title,
                        "SELECT title FROM books WHERE id = ?", cgw_path_i64(req, "id")),
              "no such book");
    struct question questions[] = {
        {"north", title, 0.1, 0}, {"south", title, 0.2, 0}, {"west", title, 60, 0}};

    cgw_group *group = cgw_group(req, .timeout = 0.4, .keep_going = true);
    for (size_t i = 0; i < 3; i++)
        cgw_go(group, ask, &questions[i]);
    int status = cgw_join(group);

    Price prices[3];
    size_t n = 0;
    for (size_t i = 0; i < 3; i++)
        if (cgw_group_result(group, i) == CGW_OK)
            prices[n++] = (Price){.shop = questions[i].shop, .cents = questions[i].cents};
    return n ? cgw_json_list(req, 200, Price, prices, n) : cgw_error(req, status);
}

/* ---- around it ---- */

CGW_CORS(cors, .origins = CGW_LIST("https://shelf.example"), .methods = CGW_LIST("*"),
         .headers = CGW_LIST("authorization"));
CGW_GZIP(zip);

CGW_APPLICATION(.name = "shelf", .version = "1.0", .doc = "Books, and who reads them.",
                .timeout = 10, .middleware = CGW_THROUGH(cors, zip));
