#include <cgw.h>
#include <errno.h>
#include <string.h>

#define BOOK_IN(F)                              \
    F(str, title, .min_len = 1, .max_len = 200) \
    F(i32, year, .ge = 1450, .le = 2100)
CGW_MODEL(BookIn, BOOK_IN)

#define BOOK(F) F(i64, id) BOOK_IN(F)
CGW_MODEL(Book, BOOK)

static const Book books[] = {{.id = 1, .title = "Middlemarch", .year = 1871},
                             {.id = 2, .title = "Ulysses", .year = 1922}};
#define N_BOOKS (sizeof(books) / sizeof(*books))

/* 1 and the book; 0: there is none. */
static int find(int64_t id, const Book **ret_book)
{
    if (id < 1 || id > (int64_t)N_BOOKS)
        return 0;
    *ret_book = &books[id - 1];
    return 1;
}

/* Its id; or a code. */
static int add(const BookIn *in)
{
    for (size_t i = 0; i < N_BOOKS; i++)
        if (strcmp(books[i].title, in->title) == 0)
            return CGW_ECONFLICT;
    return -ENOSPC;
}

CGW_GET(get_book, "/books/{id:int}", .reply = Book_model,
        .replies = CGW_REPLIES({404, "no such book", NULL}))
{
    const Book *book;
    CGW_FOUND(req, find(cgw_path_i64(req, "id"), &book), "no such book");
    return cgw_json(req, 200, Book, book);
}

CGW_POST(create_book, "/books", .body = BookIn_model, .conflict = "this title is there already")
{
    const BookIn *in = cgw_body(req, BookIn);
    if (in->year > 2026)
        return cgw_fail(req, 400, "%d is in the future", in->year);
    CGW_TRY(req, add(in));
    return cgw_empty(req, 201);
}

CGW_ON_ERROR(-ENOSPC, full)
{
    return cgw_fail(req, 507, "the shelf is full");
}
