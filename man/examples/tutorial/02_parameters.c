#include <cgw.h>

#define BOOK(F)   \
    F(i64, id)    \
    F(str, title) \
    F(i32, year)
CGW_MODEL(Book, BOOK)

static const Book books[] = {{.id = 1, .title = "Middlemarch", .year = 1871},
                             {.id = 2, .title = "Ulysses", .year = 1922},
                             {.id = 3, .title = "Beloved", .year = 1987}};
#define N_BOOKS (sizeof(books) / sizeof(*books))

#define PAGE(F)            \
    F(u32, skip, .def = 0) \
    F(u32, limit, .def = 2, .ge = 1, .le = 100)
CGW_MODEL(Page, PAGE)

CGW_GET(list_books, "/books", .params = Page_model, .reply_list = Book_model)
{
    const Page *page = cgw_params(req, Page);
    size_t skip = page->skip < N_BOOKS ? page->skip : N_BOOKS, rest = N_BOOKS - skip;
    return cgw_json_list(req, 200, Book, books + skip, page->limit < rest ? page->limit : rest);
}

#define WHICH(F) F(i64, id, .ge = 1, .le = N_BOOKS)
CGW_MODEL(Which, WHICH)

CGW_GET(get_book, "/books/{id}", .path_params = Which_model, .reply = Book_model)
{
    int64_t id = cgw_path_params(req, Which)->id;
    return cgw_json(req, 200, Book, &books[id - 1]);
}
