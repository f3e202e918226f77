#include <cgw.h>

#define BOOK_IN(F)                                                        \
    F(str, title, .min_len = 1, .max_len = 200, .doc = "as on the cover") \
    F(i32, year, .ge = 1450, .le = 2100, .doc = "of the first edition")   \
    F(list(str), tags, .opt = true, .max_items = 5)
CGW_MODEL(BookIn, BOOK_IN)

#define BOOK(F) F(i64, id) BOOK_IN(F)
CGW_MODEL(Book, BOOK)

CGW_POST(create_book, "/books", .body = BookIn_model, .reply = Book_model, .status = 201,
         .summary = "Put a book on the shelf",
         .example = "{\"title\": \"Beloved\", \"year\": 1987, \"tags\": [\"novel\"]}")
{
    const BookIn *in = cgw_body(req, BookIn);
    Book book = {.id = 1, .title = in->title, .year = in->year, .tags = in->tags};
    return cgw_json(req, 201, Book, &book);
}
