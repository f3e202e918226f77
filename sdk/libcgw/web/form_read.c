/* Forms as a whole: every field as text, every file in memory or on disk, in the order they came.
 */
#include "web/application.h"
#include "web/form.h"
#include <string.h>

/* ---- reading ---- */

/* Both rows are copied: what others were given stays. */
static int grow(struct form *form)
{
    size_t room = form->room ? 2 * form->room : 16;
    struct model_pair *pairs = cgw_alloc(form->reader.req, room * sizeof(*pairs));
    const cgw_upload **uploads = cgw_alloc(form->reader.req, room * sizeof(*uploads));
    if (!pairs || !uploads)
        return CGW_ENOMEM;
    if (form->n) {
        memcpy(pairs, form->pairs, form->n * sizeof(*pairs));
        memcpy(uploads, form->uploads, form->n * sizeof(*uploads));
    }
    form->pairs = pairs;
    form->uploads = uploads;
    form->room = room;
    return CGW_OK;
}

static int add(struct form *form, const char *name, cgw_str value, const cgw_upload *upload)
{
    if (form->n == form->room && grow(form) != CGW_OK)
        return CGW_ENOMEM;
    form->pairs[form->n] = (struct model_pair){{name, strlen(name)}, value};
    form->uploads[form->n++] = upload;
    return CGW_OK;
}

/* A browser sends an input that was left empty as a file without name and bytes. */
static bool is_left_empty(const cgw_upload *upload)
{
    return upload->size == 0 && !*upload->raw_filename;
}

static int add_file(struct form *form, const char *name, const struct cgw_site *site)
{
    cgw_upload *upload = cgw_alloc(form->reader.req, sizeof(*upload));
    int status = upload ? cgw__part_upload(&form->reader, upload, site) : CGW_ENOMEM;
    if (status != CGW_OK || is_left_empty(upload))
        return status;
    return add(form, name, (cgw_str){"", 0}, upload);
}

static int add_field(struct form *form, const char *name, const struct cgw_site *site)
{
    cgw_str text;
    int status = cgw__part_text(&form->reader, &text, site);
    return status == CGW_OK ? add(form, name, text, NULL) : status;
}

static int read_all(struct form *form, const struct cgw_site *site)
{
    const cgw_part *part;
    int status;
    while ((status = cgw__form_next(&form->reader, &part, site)) == CGW_OK && part) {
        status =
            part->is_file ? add_file(form, part->name, site) : add_field(form, part->name, site);
        if (status != CGW_OK)
            break;
    }
    return status;
}

/* One task of the request's reads it. CGW_PENDING: this one; else as of cgw_form_read(). */
static int begin(void *arg)
{
    cgw_request *req = arg;
    if (req->form)
        return req->form->status;
    if (req->is_body_streamed)
        return CGW_EINVAL;
    struct form *form = arena_zalloc(&req->arena, sizeof(*form));
    if (!form)
        return CGW_ENOMEM;
    form->reader.req = req;
    form->status = CGW_EBUSY; /* for who asks meanwhile */
    req->form = form;
    return CGW_PENDING;
}

static int read_form(struct form *form, const struct cgw_site *site)
{
    enum form_type type = form_type(form->reader.req);
    if (type == FORM_OTHER)
        return CGW_OK;
    int status = form_begin(&form->reader, form->reader.req, type, NULL);
    return status == CGW_OK ? read_all(form, site) : status;
}

int cgw__form_read(cgw_request *req, const struct cgw_site *site)
{
    int status = request_do(req, begin, req);
    if (status != CGW_PENDING)
        return status;
    status = read_form(req->form, site);
    req->form->status = status;
    return status;
}

/* ---- by name ---- */

static bool is_named(const struct form *form, size_t i, const char *name, bool is_file)
{
    cgw_str is = form->pairs[i].name;
    return is_file == (form->uploads[i] != NULL) && is.len == strlen(name) &&
           memcmp(is.ptr, name, is.len) == 0;
}

/* From the i-th on; n: none. */
static size_t find(const cgw_request *req, size_t i, const char *name, bool is_file)
{
    const struct form *form = req->form;
    while (form && i < form->n && !is_named(form, i, name, is_file))
        i++;
    return i;
}

static size_t number(const cgw_request *req)
{
    return req->form && req->form->status == CGW_OK ? req->form->n : 0;
}

static size_t count(const cgw_request *req, const char *name, bool is_file)
{
    size_t n = 0;
    for (size_t i = 0; (i = find(req, i, name, is_file)) < number(req); i++)
        n++;
    return n;
}

const char *cgw_form_value(cgw_request *req, const char *name)
{
    size_t i = find(req, 0, name, false);
    return i < number(req) ? head_c_text(req, req->form->pairs[i].value) : NULL;
}

cgw_strs cgw_form_values(cgw_request *req, const char *name)
{
    size_t n = count(req, name, false);
    cgw_strs all = {n ? cgw_alloc(req, n * sizeof(cgw_string)) : NULL, 0};
    for (size_t i = 0; all.items && (i = find(req, i, name, false)) < number(req); i++)
        all.items[all.len++] = head_c_text(req, req->form->pairs[i].value);
    return all;
}

const cgw_upload *cgw_form_upload(cgw_request *req, const char *name)
{
    size_t i = find(req, 0, name, true);
    return i < number(req) ? req->form->uploads[i] : NULL;
}

cgw_list_upload cgw_form_uploads(cgw_request *req, const char *name)
{
    size_t n = count(req, name, true);
    cgw_list_upload all = {n ? cgw_alloc(req, n * sizeof(cgw_upload)) : NULL, 0};
    for (size_t i = 0; all.items && (i = find(req, i, name, true)) < number(req); i++)
        all.items[all.len++] = *req->form->uploads[i];
    return all;
}
