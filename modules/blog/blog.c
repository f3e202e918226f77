/*
 * blog: posts that are written, published and read page by page; CGW_BLOG_DB is its database. Who
 * writes has a session, which is on record with how it ended: a dependency with a teardown.
 * Publishing is a transaction: the post and the count of its author change together, or neither.
 */
#include <cgw.h>
#include <cgw/sql.h>

#define POST_IN(F)                              \
    F(str, title, .min_len = 1, .max_len = 120) \
    F(str, text, .min_len = 1, .max_len = 20000)
CGW_MODEL(PostIn, POST_IN)
#define POST(F) F(i64, id) F(str, author) F(bool, published) POST_IN(F)
CGW_MODEL(Post, POST)

#define PAGE(F)                                      \
    F(i64, limit, .def = 20, .ge = 1, .le = 100)     \
    F(i64, offset, .def = 0, .ge = 0, .le = 1000000) \
    F(str, author, .opt = true, .doc = "those of one author")
CGW_MODEL(Page, PAGE)
#define POSTS(F) F(i64, total) F(models(Post), posts)
CGW_MODEL(Posts, POSTS)
#define AUTHOR(F) F(str, name) F(i64, published)
CGW_MODEL(Author, AUTHOR)
#define WORK(F) F(i64, id) F(str, author) F(str, request) F(i64, status, .opt = true)
CGW_MODEL(Work, WORK)

static const struct cgw_migration steps[] = {
    {1, "CREATE TABLE posts(id INTEGER PRIMARY KEY, author TEXT NOT NULL, title TEXT NOT NULL,"
        " text TEXT NOT NULL, published INTEGER NOT NULL DEFAULT 0, UNIQUE(author, title));"
        "CREATE TABLE authors(name TEXT PRIMARY KEY,"
        " published INTEGER NOT NULL CHECK (published BETWEEN 0 AND 10))"},
    {2, "CREATE TABLE sessions(id INTEGER PRIMARY KEY, author TEXT NOT NULL,"
        " request TEXT NOT NULL, status INTEGER)"},
    {0}};

typedef cgw_db *Db;
#define DB(req) (*cgw_state(req, Db))
CGW_LIFESPAN(Db, start, stop);
static int start(cgw_boot *boot, Db *db)
{
    *db = cgw_db_open(boot, "sqlite:blog.db", .env = "CGW_BLOG_DB", .migrations = steps);
    return *db ? 0 : -1;
}
static void stop(Db *db)
{
    cgw_db_close(*db);
}

/* ---- who writes ---- */

typedef struct Session {
    int64_t id;
    const char *author;
} Session;

/* Behind the last byte, whatever was answered. */
static void end_session(cgw_request *req, void *value, int status)
{
    const Session *session = value;
    int code =
        cgw_exec(req, DB(req), "UPDATE sessions SET status = ? WHERE id = ?", status, session->id);
    if (code < 0)
        cgw_log(req, "session %lld stays open: %s", (long long)session->id, cgw_strerror(code));
}

CGW_DEPENDS(Session, session, .teardown = end_session)
{
    out->author = cgw_header(req, "x-author");
    if (!out->author || !*out->author)
        return cgw_refuse(cgw_fail(req, 401, "say who you are: x-author"));
    const char *request = cgw_fmt(req, "%s %s", cgw_method(req), cgw_url_path(req));
    int code =
        cgw_insert(req, DB(req), &out->id, "INSERT INTO sessions(author, request) VALUES (?, ?)",
                   out->author, request);
    return code < 0 ? code : 0;
}
#define ME(req) Session_need(req)->author
CGW_ROUTER(writing, "/posts", .depends = CGW_USES(session), .tag = "writing");

CGW_GET(sessions, "/sessions", .reply_list = Work_model)
{
    return cgw_json_select(req, 200, DB(req), Work, "SELECT * FROM sessions ORDER BY id");
}

/* ---- reading ---- */

#define SHOWN "WHERE published AND author = ifnull(?, author)"
CGW_GET(list, "/posts", .params = Page_model, .reply = Posts_model)
{
    const Page *page = cgw_params(req, Page);
    Posts out = {0};
    CGW_TRY(req,
            cgw_value(req, DB(req), &out.total, "SELECT count(*) FROM posts " SHOWN, page->author));
    CGW_TRY(req, cgw_all(req, DB(req), Post, &out.posts.items, &out.posts.len,
                         "SELECT * FROM posts " SHOWN " ORDER BY id DESC LIMIT ? OFFSET ?",
                         page->author, page->limit, page->offset));
    return cgw_json(req, 200, Posts, &out);
}

/* Drafts are there for those who have just written them. */
static cgw_reply show(cgw_request *req, int status, int64_t id, bool drafts)
{
    Post post;
    CGW_FOUND(req,
              cgw_one(req, DB(req), Post, &post,
                      "SELECT * FROM posts WHERE id = ? AND (published OR ?)", id, drafts),
              "no such post");
    return cgw_json(req, status, Post, &post);
}

CGW_GET(read_post, "/posts/{id:int}", .reply = Post_model)
{
    return show(req, 200, cgw_path_i64(req, "id"), false);
}

CGW_GET(authors, "/authors", .reply_list = Author_model)
{
    return cgw_json_select(req, 200, DB(req), Author, "SELECT * FROM authors ORDER BY name");
}

/* ---- writing: one's own ---- */

#define TAKEN "you have a post of that title"
CGW_POST(create, "", .router = &writing_router, .body = PostIn_model, .reply = Post_model,
         .status = 201, .conflict = TAKEN)
{
    const PostIn *in = cgw_body(req, PostIn);
    int64_t id = 0;
    CGW_TRY(req,
            cgw_insert(req, DB(req), &id, "INSERT INTO posts(author, title, text) VALUES (?, ?, ?)",
                       ME(req), in->title, in->text));
    return show(req, 201, id, true);
}

CGW_PUT(change, "/{id:int}", .router = &writing_router, .body = PostIn_model, .reply = Post_model,
        .conflict = TAKEN)
{
    const PostIn *in = cgw_body(req, PostIn);
    int64_t id = cgw_path_i64(req, "id");
    CGW_FOUND(req,
              cgw_exec(req, DB(req),
                       "UPDATE posts SET title = ?, text = ? WHERE id = ? AND author = ?",
                       in->title, in->text, id, ME(req)),
              "no such post of yours");
    return show(req, 200, id, true);
}

static int publish_and_count(cgw_request *req, cgw_db *tx, void *id)
{
    const char *author = ME(req);
    int rows = cgw_exec(req, tx,
                        "UPDATE posts SET published = 1 WHERE id = ? AND author = ?"
                        " AND NOT published",
                        *(int64_t *)id, author);
    if (rows <= 0)
        return rows;
    return cgw_exec(req, tx,
                    "INSERT INTO authors(name, published) VALUES (?, 1)"
                    " ON CONFLICT(name) DO UPDATE SET published = published + 1",
                    author);
}

CGW_POST(publish, "/{id:int}/publish", .router = &writing_router, .reply = Post_model,
         .conflict = "an author publishes ten posts, not more")
{
    int64_t id = cgw_path_i64(req, "id");
    CGW_FOUND(req, cgw_transaction(req, DB(req), publish_and_count, &id), "no such draft of yours");
    return show(req, 200, id, true);
}

CGW_DELETE(delete_post, "/{id:int}", .router = &writing_router, .status = 204)
{
    CGW_FOUND(req,
              cgw_exec(req, DB(req), "DELETE FROM posts WHERE id = ? AND author = ?",
                       cgw_path_i64(req, "id"), ME(req)),
              "no such post of yours");
    return cgw_empty(req, 204);
}

CGW_APPLICATION(.name = "blog", .version = "1.0");
