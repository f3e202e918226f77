/* The table is gathered first, as its columns are as wide as their widest text. */
#include "proc/describe.h"
#include "base/mem.h"
#include <cgw/describe.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { N_COLUMNS = 5 };

struct row {
    char *cells[N_COLUMNS]; /* method, path, mode, handler, place */
};

struct description {
    const char *path;
    struct row *rows;
    size_t n, room, widths[N_COLUMNS];
    FILE *out;
    bool is_out_of_memory;
    char *error;
};

/* ---- what the application says ---- */

static void fail(void *arg, const char *error)
{
    struct description *description = arg;
    if (!description->error)
        description->error = mem_printf("%s would not start: %s", description->path, error);
}

static struct row *add_row(struct description *description)
{
    if (description->n == description->room) {
        size_t room = description->room ? description->room * 2 : 32;
        struct row *rows = mem_alloc(room * sizeof(*rows));
        if (!rows)
            return NULL;
        if (description->n)
            memcpy(rows, description->rows, description->n * sizeof(*rows));
        mem_free(description->rows);
        description->rows = rows;
        description->room = room;
    }
    struct row *row = &description->rows[description->n++];
    *row = (struct row){{NULL}};
    return row;
}

static void set_cell(struct description *description, struct row *row, int column, char *text)
{
    size_t len = text ? strlen(text) : 0;
    row->cells[column] = text;
    description->is_out_of_memory |= !text;
    if (len > description->widths[column])
        description->widths[column] = len;
}

static void add_route(void *arg, const struct cgw_described_route *route)
{
    struct description *description = arg;
    struct row *row = add_row(description);
    if (!row) {
        description->is_out_of_memory = true;
        return;
    }
    set_cell(description, row, 0, mem_printf("%s", route->method));
    set_cell(description, row, 1, mem_printf("%s", route->path));
    set_cell(description, row, 2, mem_printf("%s", route->mode));
    set_cell(description, row, 3, mem_printf("%s", route->handler));
    set_cell(description, row, 4,
             *route->file ? mem_printf("%s:%u", route->file, route->line) : mem_printf("-"));
}

static void print_text(void *arg, const char *ptr, size_t len)
{
    struct description *description = arg;
    fwrite(ptr, 1, len, description->out);
    fputc('\n', description->out);
}

/* ---- the table ---- */

static void print_row(const struct description *description, const char *const *cells)
{
    for (int i = 0; i < N_COLUMNS - 1; i++)
        fprintf(description->out, "%-*s  ", (int)description->widths[i], cells[i]);
    fprintf(description->out, "%s\n", cells[N_COLUMNS - 1]);
}

static void print_table(struct description *description)
{
    static const char *const head[N_COLUMNS] = {"METHOD", "PATH", "MODE", "HANDLER", "PLACE"};
    for (int i = 0; i < N_COLUMNS; i++)
        if (description->widths[i] < strlen(head[i]))
            description->widths[i] = strlen(head[i]);
    print_row(description, head);
    for (size_t i = 0; i < description->n; i++)
        print_row(description, (const char *const *)description->rows[i].cells);
}

static void free_rows(struct description *description)
{
    for (size_t i = 0; i < description->n; i++)
        for (int column = 0; column < N_COLUMNS; column++)
            mem_free(description->rows[i].cells[column]);
    mem_free(description->rows);
}

/* ---- both ---- */

static const struct cgw_describe *table_of(const struct cgw_app *app)
{
    bool has_extension = app->size >= offsetof(struct cgw_app, extension) + sizeof(app->extension);
    const struct cgw_describe *table =
        has_extension && app->extension ? app->extension(CGW_EXT_DESCRIBE) : NULL;
    return table && table->size >= sizeof(*table) ? table : NULL;
}

static int print(struct description *description, const struct cgw_describe *table,
                 enum settings_describe what)
{
    int status = what == SETTINGS_DESCRIBE_OPENAPI ? table->openapi(print_text, fail, description)
                                                   : table->routes(add_route, fail, description);
    if (description->is_out_of_memory)
        return -ENOMEM;
    if (status != CGW_OK)
        return -EINVAL;
    if (what == SETTINGS_DESCRIBE_ROUTES)
        print_table(description);
    return 0;
}

/* Of what was too much for the stream's own memory a flush says nothing. */
static int write_out(struct description *description)
{
    bool has_failed = fflush(description->out) != 0;
    if (!has_failed && !ferror(description->out))
        return 0;
    description->error = mem_printf("cannot write what %s says: %s", description->path,
                                    strerror(has_failed ? errno : EIO));
    return -EIO;
}

int describe_print(const char *path, const struct cgw_app *app, enum settings_describe what,
                   FILE *out, char **ret_error)
{
    struct description description = {.path = path, .out = out};
    const struct cgw_describe *table = table_of(app);
    if (!table) {
        *ret_error = mem_printf("%s does not describe itself: only applications that have "
                                "cgw.describe/1 do, as those on the SDK have",
                                path);
        return -ENOTSUP;
    }
    int rc = print(&description, table, what);
    free_rows(&description);
    if (rc == 0)
        rc = write_out(&description);
    else if (!description.error && rc != -ENOMEM)
        description.error = mem_printf("%s would not start, and does not say why", path);
    *ret_error = description.error;
    return rc;
}
