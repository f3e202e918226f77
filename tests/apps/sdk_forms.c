/*
 * Forms and files, for the tests: each handler is there twice, on a fiber and, below /sync, on a
 * pool thread.
 */
#include <cgw.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOTH(name, path_, ...)                                            \
    static cgw_reply name##_reply(cgw_request *req);                      \
    CGW_POST(name, path_, ##__VA_ARGS__)                                  \
    {                                                                     \
        return name##_reply(req);                                         \
    }                                                                     \
    CGW_POST(name##_sync, "/sync" path_, .mode = CGW_SYNC, ##__VA_ARGS__) \
    {                                                                     \
        return name##_reply(req);                                         \
    }                                                                     \
    static cgw_reply name##_reply(cgw_request *req)

CGW_GET(hello, "/hello")
{
    return cgw_text(req, 200, "hello");
}

/* What FastAPI is held beside. */
#define LOGIN(F)                    \
    F(str, name, .max_len = 40)     \
    F(i32, age, .ge = 0)            \
    F(list(str), tags, .opt = true) \
    F(str, note, .opt = true)
CGW_MODEL(Login, LOGIN)

BOTH(login, "/login", .form = Login_model)
{
    return cgw_json(req, 200, Login, cgw_form(req, Login));
}

#define NOTE(F) F(str, note, .opt = true)
CGW_MODEL(Note, NOTE)

BOTH(opt, "/opt", .form = Note_model)
{
    return cgw_json(req, 200, Note, cgw_form(req, Note));
}

#define DOCUMENT(F) \
    F(str, title)   \
    F(upload, file, .min_len = 1, .max_len = 3000000)
CGW_MODEL(Document, DOCUMENT)

/* Bytes and their sum, read piece by piece. */
static int sum_up(const cgw_upload *upload, unsigned *ret_sum)
{
    cgw_str piece;
    int status;
    *ret_sum = 0;
    while ((status = cgw_upload_next(upload, &piece)) == CGW_OK && piece.len)
        for (size_t i = 0; i < piece.len; i++)
            *ret_sum = *ret_sum * 31 + (unsigned char)piece.ptr[i];
    return status;
}

BOTH(document, "/file", .form = Document_model)
{
    const Document *document = cgw_form(req, Document);
    const cgw_upload *file = &document->file;
    unsigned sum;
    CGW_TRY(req, sum_up(file, &sum));
    return cgw_text(req, 200, "title=%s name=%s raw=%s type=%s size=%llu headers=%zu sum=%u",
                    document->title, file->filename, file->raw_filename, file->content_type,
                    (unsigned long long)file->size, file->n_headers, sum);
}

#define PICTURE(F) F(upload, file, .opt = true)
CGW_MODEL(Picture, PICTURE)

BOTH(optfile, "/optfile", .form = Picture_model)
{
    const Picture *picture = cgw_form(req, Picture);
    cgw_str text;
    int fd;
    CGW_TRY(req, cgw_upload_text(&picture->file, &text));
    if (cgw_has(Picture, picture, file))
        return cgw_text(req, 200, "file %s of %zu", picture->file.filename, text.len);
    if (cgw_upload_fd(&picture->file, &fd) != CGW_ENOENT)
        return cgw_fail(req, 500, "a descriptor of nothing");
    return cgw_text(req, 200, "no file");
}

#define ALBUM(F) F(list(upload), files, .max_items = 3)
CGW_MODEL(Album, ALBUM)

BOTH(album, "/files", .form = Album_model)
{
    const cgw_list_upload *files = &cgw_form(req, Album)->files;
    const char *text = "";
    for (size_t i = 0; i < files->len; i++)
        text = cgw_fmt(req, "%s%s%s:%llu", text, i ? " " : "", files->items[i].filename,
                       (unsigned long long)files->items[i].size);
    return cgw_text(req, 200, "%s", text);
}

/* All that came under one name. */
BOTH(names, "/names/{name}", .max_body = 1 << 30)
{
    const char *name = cgw_path(req, "name"), *text = "", *value;
    CGW_TRY(req, cgw_form_read(req));
    CGW_TRY(req, cgw_form_read(req));
    value = cgw_form_value(req, name);
    cgw_strs values = cgw_form_values(req, name);
    const cgw_upload *file = cgw_form_upload(req, name);
    cgw_list_upload files = cgw_form_uploads(req, name);
    text = cgw_fmt(req, "first=%s file=%s", value ? value : "(none)",
                   file ? file->filename : "(none)");
    for (size_t i = 0; i < values.len; i++)
        text = cgw_fmt(req, "%s|%s", text, values.items[i]);
    for (size_t i = 0; i < files.len; i++)
        text = cgw_fmt(req, "%s|@%s", text, files.items[i].filename);
    return cgw_bytes(req, 200, "text/plain; charset=utf-8", (cgw_str){text, strlen(text)});
}

/* How many descriptors the form has opened. */
static size_t count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t n = 0;
    while (folder && readdir(folder))
        n++;
    if (folder)
        closedir(folder);
    return n;
}

BOTH(counted, "/count")
{
    size_t before = count_descriptors();
    CGW_TRY(req, cgw_form_read(req));
    return cgw_text(req, 200, "%zu on disk", count_descriptors() - before);
}

/* A file's bytes as they came. */
BOTH(echo, "/echo", .form = Picture_model, .form_limits = CGW_FORM_LIMITS(.memory_bytes = 1000))
{
    cgw_str text, again;
    CGW_TRY(req, cgw_upload_text(&cgw_form(req, Picture)->file, &text));
    CGW_TRY(req, cgw_upload_text(&cgw_form(req, Picture)->file, &again));
    if (text.ptr != again.ptr || text.ptr[text.len])
        return cgw_fail(req, 500, "another text");
    return cgw_bytes(req, 200, "application/octet-stream", text);
}

/* A part of it, from an offset on. */
BOTH(range, "/range", .form = Picture_model, .form_limits = CGW_FORM_LIMITS(.memory_bytes = 1000))
{
    char bytes[16];
    size_t len;
    CGW_TRY(req, cgw_upload_read(&cgw_form(req, Picture)->file, 5000, bytes, sizeof(bytes), &len));
    return cgw_bytes(req, 200, "application/octet-stream", (cgw_str){bytes, len});
}

/* Saved under a name that the query says, twice, and read by a descriptor. */
BOTH(save, "/save", .form = Picture_model, .form_limits = CGW_FORM_LIMITS(.memory_bytes = 1000))
{
    const cgw_upload *file = &cgw_form(req, Picture)->file;
    const char *path = cgw_query(req, "path"), *other = cgw_fmt(req, "%s.2", path);
    char begin[8];
    int fd;
    int first = cgw_upload_save(file, path, .sync = true, .keep_old = cgw_query(req, "keep"));
    if (first == -EEXIST)
        return cgw_fail(req, 409, "it is there");
    CGW_TRY(req, first);
    CGW_TRY(req, cgw_upload_save(file, other, .mode = 0600));
    CGW_TRY(req, cgw_upload_fd(file, &fd));
    ssize_t n = read(fd, begin, sizeof(begin));
    close(fd);
    return cgw_bytes(req, 200, "text/plain", (cgw_str){begin, n < 0 ? 0 : (size_t)n});
}

/* Tasks that use one file at the same time: each gets all of it, under a name of its own. */
struct saving {
    const cgw_upload *file;
    const char *path;
    cgw_str text;
};

static int save_one(void *arg)
{
    struct saving *saving = arg;
    int status = cgw_upload_text(saving->file, &saving->text);
    return status == CGW_OK ? cgw_upload_save(saving->file, saving->path) : status;
}

BOTH(at_once, "/at-once", .form = Picture_model,
     .form_limits = CGW_FORM_LIMITS(.memory_bytes = 1000))
{
    const char *folder = cgw_query(req, "folder");
    struct saving savings[8];
    CGW_GROUP(group, NULL);
    for (int i = 0; i < 8; i++) {
        const char *path = cgw_fmt(req, "%s/%d", folder, i / 2);
        savings[i] = (struct saving){.file = &cgw_form(req, Picture)->file, .path = path};
        cgw_go(group, save_one, &savings[i]);
    }
    CGW_TRY(req, cgw_join(group));
    for (int i = 0; i < 8; i++)
        if (savings[i].text.len != savings[i].file->size)
            return cgw_fail(req, 500, "a text of %zu bytes", savings[i].text.len);
    return cgw_text(req, 200, "saved");
}

/* Tasks that read the same form: one does, the others are told. */
static int read_form(void *arg)
{
    int status = cgw_form_read(arg);
    return status == CGW_EBUSY ? CGW_OK : status;
}

BOTH(readers, "/readers", .max_body = 1 << 30)
{
    CGW_GROUP(group, NULL);
    for (int i = 0; i < 4; i++)
        cgw_go(group, read_form, req);
    CGW_TRY(req, cgw_join(group));
    CGW_TRY(req, cgw_form_read(req));
    return cgw_text(req, 200, "%zu", cgw_form_values(req, "a").len);
}

BOTH(limits, "/limits", .form = Note_model, .max_body = 20000,
     .form_limits = CGW_FORM_LIMITS(.fields = 3, .files = 2, .field_bytes = 100, .file_bytes = 2000,
                                    .header_bytes = 300))
{
    return cgw_text(req, 200, "fine");
}

/* Part by part: what each is, and how many pieces it came in. */
BOTH(parts, "/parts", .stream = true, .max_body = 1 << 30)
{
    const char *text = "";
    const cgw_part *part;
    cgw_form *form;
    int status;
    CGW_TRY(req, cgw_form_open(req, NULL, &form));
    while ((status = cgw_form_next(form, &part)) == CGW_OK && part) {
        cgw_str piece;
        unsigned long long size = 0;
        while (!strstr(part->name, "skip") && (status = cgw_part_next(form, &piece)) == CGW_OK &&
               piece.len)
            size += piece.len;
        CGW_TRY(req, status);
        text = cgw_fmt(req, "%s%s%s=%llu", text, part->is_file ? "@" : "", part->name, size);
        text = cgw_fmt(req, "%s(%s,%s) ", text, part->content_type, part->filename);
    }
    CGW_TRY(req, status);
    return cgw_text(req, 200, "%s", text);
}

/* A part may become a file, or text, as the handler likes. */
BOTH(choice, "/choice", .stream = true)
{
    const cgw_part *part;
    cgw_form *form;
    cgw_upload upload = {.spool = NULL};
    cgw_str text = {"", 0};
    const struct cgw_form_limits limits = {.field_bytes = 50};
    CGW_TRY(req, cgw_form_open(req, &limits, &form));
    for (;;) {
        CGW_TRY(req, cgw_form_next(form, &part));
        if (!part)
            break;
        if (part->is_file && strcmp(part->name, "text") == 0)
            CGW_TRY(req, cgw_part_text(form, &text));
        else if (part->is_file)
            CGW_TRY(req, cgw_part_upload(form, &upload));
    }
    return cgw_text(req, 200, "text=%s file=%s", text.ptr, upload.spool ? upload.filename : "");
}

/* Files are there behind the reply, too. */
static int log_size(void *arg)
{
    const cgw_upload *upload = arg;
    unsigned sum;
    int status = sum_up(upload, &sum);
    cgw_log(NULL, "behind the reply: %llu bytes, sum %u", (unsigned long long)upload->size, sum);
    return status;
}

BOTH(behind, "/behind", .form = Picture_model, .form_limits = CGW_FORM_LIMITS(.memory_bytes = 1000))
{
    cgw_after(req, log_size, (void *)(uintptr_t)&cgw_form(req, Picture)->file);
    return cgw_empty(req, 202);
}

/* A client that leaves in between, or a timeout: what was on disk goes. */
BOTH(slow, "/slow", .form = Picture_model, .timeout = 0.3, .cancel = true,
     .form_limits = CGW_FORM_LIMITS(.memory_bytes = 1000))
{
    CGW_TRY(req, cgw_sleep(30));
    return cgw_empty(req, 204);
}
