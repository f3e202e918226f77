#include <cgw.h>
#include <cgw/sql.h>

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

/* ---- new books ---- */

CGW_POST(create_book, "/books", .body = BookIn_model, .reply = Book_model, .status = 201,
         .conflict = "this title is there already")
{
    const BookIn *in = cgw_body(req, BookIn);
    Book book = {.title = in->title, .year = in->year};
    CGW_TRY(req, cgw_put(req, cgw_state(req, App)->db, BookIn, in, &book.id,
                         "INSERT INTO books(title, year) VALUES (:title, :year)"));
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
        .conflict = "this title is there already")
{
    const BookIn *in = cgw_body(req, BookIn);
    Book book = {.id = cgw_path_i64(req, "id"), .title = in->title, .year = in->year};
    CGW_FOUND(req,
              cgw_put(req, cgw_state(req, App)->db, Book, &book, NULL,
                      "UPDATE books SET title = :title, year = :year WHERE id = :id"),
              "no such book");
    return cgw_json(req, 200, Book, &book);
}

CGW_DELETE(delete_book, "/books/{id:int}", .status = 204)
{
    CGW_FOUND(req,
              cgw_exec(req, cgw_state(req, App)->db, "DELETE FROM books WHERE id = ?",
                       cgw_path_i64(req, "id")),
              "no such book");
    return cgw_empty(req, 204);
}
