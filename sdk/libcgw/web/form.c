/*
 * Forms part by part: the body goes through one of two parsers, and what comes out is counted. A
 * piece is handed out as it lies in the body, and nothing is read before the last one was used: who
 * reads slowly slows the client down.
 */
#include "web/form.h"
#include "web/application.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- beginning ---- */

static bool is_type(cgw_str content_type, const char *wanted)
{
    const char *end = memchr(content_type.ptr, ';', content_type.len);
    size_t len = end ? (size_t)(end - content_type.ptr) : content_type.len;
    while (len && (content_type.ptr[len - 1] == ' ' || content_type.ptr[len - 1] == '\t'))
        len--;
    return len == strlen(wanted) && strncasecmp(content_type.ptr, wanted, len) == 0;
}

enum form_type form_type(const cgw_request *req)
{
    cgw_str type = bind_content_type(req);
    if (is_type(type, "multipart/form-data"))
        return FORM_MULTIPART;
    return is_type(type, "application/x-www-form-urlencoded") ? FORM_URLENCODED : FORM_OTHER;
}

static struct cgw_form_limits fill_in(const struct cgw_form_limits *limits)
{
    struct cgw_form_limits all = limits ? *limits : (struct cgw_form_limits){.fields = 0};
    all.fields = all.fields ? all.fields : 1000;
    all.files = all.files ? all.files : 1000;
    all.field_bytes = all.field_bytes ? all.field_bytes : 1 << 20;
    all.file_bytes = all.file_bytes ? all.file_bytes : UINT64_MAX;
    all.header_bytes = all.header_bytes ? all.header_bytes : 16 << 10;
    all.memory_bytes = all.memory_bytes ? all.memory_bytes : 1 << 20;
    return all;
}

int form_refuse(cgw_form *form, int status, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const char *detail = cgw_dup(form->req, text, strlen(text));
    (void)failure_prepare(form->req, status, 0, detail, (cgw_str){NULL, 0});
    return form->status = CGW_EFAILED;
}

static int begin_multipart(cgw_form *form, char *head)
{
    char text[MULTIPART_BOUNDARY_MAX];
    cgw_str type = bind_content_type(form->req), boundary;
    if (!multipart_boundary(type, &boundary, text))
        return form_refuse(form, 400, "The content type of the form has no boundary that is one");
    multipart_init(&form->multipart, boundary, head, form->limits.header_bytes);
    size_t len = sizeof(text);
    if (multipart_head_parameter(type, "charset", text, &len) == 1)
        form->charset = charset_find((cgw_str){text, len});
    if (form->charset == CHARSET_UNKNOWN)
        return form_refuse(form, 400, "The form has an unknown charset");
    return CGW_OK;
}

int form_begin(cgw_form *form, cgw_request *req, enum form_type type,
               const struct cgw_form_limits *limits)
{
    form->req = req;
    form->type = type;
    form->limits = fill_in(limits ? limits : req->endpoint ? req->endpoint->form_limits : NULL);
    form->charset = CHARSET_UTF8;
    form->input = (cgw_str){"", 0};
    char *head = cgw_alloc(req, form->limits.header_bytes);
    if (!head)
        return form->status = CGW_ENOMEM;
    if (type == FORM_MULTIPART)
        return begin_multipart(form, head);
    urlencoded_init(&form->urlencoded, head, form->limits.header_bytes);
    return CGW_OK;
}

int cgw_form_open(cgw_request *req, const struct cgw_form_limits *limits, cgw_form **ret_form)
{
    enum form_type type = form_type(req);
    cgw_form *form = cgw_alloc(req, sizeof(*form));
    if (!form)
        return CGW_ENOMEM;
    form->req = req;
    if (req->is_body_streamed)
        return CGW_EINVAL;
    if (type == FORM_OTHER)
        return form_refuse(form, 415, "Unsupported Media Type: this wants a form");
    int status = form_begin(form, req, type, limits);
    if (status == CGW_OK)
        *ret_form = form;
    return status;
}

/* ---- what comes next, of either parser ---- */

enum event { MORE, PART, DATA, OVER, END, BAD };

static enum event next_urlencoded(cgw_form *form, cgw_str *ret_data)
{
    switch (urlencoded_next(&form->urlencoded, &form->input, form->is_last, ret_data)) {
    case URLENCODED_MORE:
        return MORE;
    case URLENCODED_FIELD:
        return PART;
    case URLENCODED_DATA:
        return DATA;
    case URLENCODED_OVER:
        return OVER;
    case URLENCODED_END:
        return END;
    case URLENCODED_BAD:
    default:
        (void)form_refuse(form, 400, "The form is wrong: a name is too long");
        return BAD;
    }
}

static enum event next_multipart(cgw_form *form, cgw_str *ret_data)
{
    const char *error = form->is_last && !form->input.len ? multipart_end(&form->multipart) : NULL;
    enum multipart_event event =
        error ? MULTIPART_BAD : multipart_next(&form->multipart, &form->input, ret_data);
    switch (event) {
    case MULTIPART_MORE:
        return MORE;
    case MULTIPART_PART:
        return PART;
    case MULTIPART_DATA:
        return DATA;
    case MULTIPART_OVER:
        return OVER;
    case MULTIPART_END:
        return form->is_last ? END : MORE; /* what follows is read, and dropped */
    case MULTIPART_BAD:
    default:
        (void)form_refuse(form, 400, "The form is wrong: %s",
                          error ? error : form->multipart.error);
        return BAD;
    }
}

static int next_event(cgw_form *form, enum event *ret_event, cgw_str *ret_data,
                      const struct cgw_site *site)
{
    for (;;) {
        *ret_event = form->type == FORM_MULTIPART ? next_multipart(form, ret_data)
                                                  : next_urlencoded(form, ret_data);
        if (*ret_event != MORE)
            return form->status;
        int status = cgw__body_next(form->req, &form->input, site);
        if (status != CGW_OK)
            return form->status = status;
        form->is_last = form->input.len == 0;
    }
}

/* ---- parts ---- */

/* Path, and what a terminal or a file system might take amiss, are cut off: RFC 7578, 4.2. */
static const char *safe_name(cgw_request *req, cgw_str raw)
{
    size_t from = raw.len;
    while (from && raw.ptr[from - 1] != '/' && raw.ptr[from - 1] != '\\')
        from--;
    char *name = cgw_dup(req, raw.ptr + from, raw.len - from);
    for (size_t i = 0; name && i < raw.len - from; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            name[i] = '_';
    return name && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) ? "" : name;
}

/* The charset that a content type says, or that of the form. */
static enum charset charset_of(const cgw_form *form, cgw_str content_type)
{
    char label[32];
    size_t len = sizeof(label);
    if (!content_type.ptr || multipart_head_parameter(content_type, "charset", label, &len) == 0)
        return form->charset;
    return charset_find((cgw_str){label, len <= sizeof(label) ? len : 0});
}

static int set_names(cgw_form *form, const struct multipart_head *head)
{
    cgw_request *req = form->req;
    cgw_part *part = &form->part;
    cgw_str name, filename = {"", 0};
    enum charset charset = head->is_utf8     ? CHARSET_UTF8
                           : head->is_latin1 ? CHARSET_LATIN1
                                             : form->charset;
    if (charset_text(req, form->charset, head->name, &name) != CGW_OK ||
        charset_text(req, charset, head->filename, &filename) != CGW_OK)
        return CGW_ENOMEM;
    part->name = head_c_text(req, name);
    part->is_file = head->is_file;
    part->raw_filename = head_c_text(req, filename);
    part->filename = safe_name(req, filename);
    part->content_type =
        head->content_type.ptr ? cgw_dup(req, head->content_type.ptr, head->content_type.len) : "";
    return part->filename && part->content_type ? CGW_OK : CGW_ENOMEM;
}

static int read_head(cgw_form *form, cgw_str lines)
{
    struct multipart_head *head = &form->head;
    char *text = cgw_alloc(form->req, 2 * lines.len + 1);
    if (!text)
        return form->status = CGW_ENOMEM;
    memcpy(text, lines.ptr, lines.len);
    const char *error = multipart_head_read(head, text, lines.len, text + lines.len);
    if (error)
        return form_refuse(form, 400, "The form is wrong: %s", error);
    form->part.n_headers = head->n_headers;
    form->part.headers =
        cgw_dup(form->req, head->headers, head->n_headers * sizeof(*head->headers));
    form->part_charset = charset_of(form, head->content_type);
    if (!form->part.headers || set_names(form, head) != CGW_OK)
        return form->status = CGW_ENOMEM;
    return CGW_OK;
}

static int read_name(cgw_form *form, cgw_str name)
{
    cgw_str text;
    if (charset_text(form->req, CHARSET_UTF8, name, &text) != CGW_OK)
        return form->status = CGW_ENOMEM;
    form->part_charset = CHARSET_UTF8;
    form->part = (cgw_part){.name = head_c_text(form->req, text),
                            .filename = "",
                            .raw_filename = "",
                            .content_type = ""};
    return CGW_OK;
}

static int count_part(cgw_form *form)
{
    const struct cgw_form_limits *limits = &form->limits;
    uint32_t *n = form->part.is_file ? &form->n_files : &form->n_fields;
    uint32_t most = form->part.is_file ? limits->files : limits->fields;
    if (++*n <= most)
        return CGW_OK;
    return form_refuse(form, 400, "The form has too many %s, more than %u",
                       form->part.is_file ? "files" : "fields", most);
}

static int begin_part(cgw_form *form, cgw_str data)
{
    int status = form->type == FORM_MULTIPART ? read_head(form, data) : read_name(form, data);
    form->is_in_part = true;
    form->part_bytes = 0;
    return status == CGW_OK ? count_part(form) : status;
}

int cgw__form_next(cgw_form *form, const cgw_part **ret_part, const struct cgw_site *site)
{
    enum event event = OVER;
    cgw_str data;
    *ret_part = NULL;
    if (form->status != CGW_OK || form->is_over)
        return form->status;
    while (event == OVER || event == DATA) {
        int status = next_event(form, &event, &data, site);
        if (status != CGW_OK)
            return status;
    }
    form->is_over = event == END;
    form->is_in_part = false;
    int status = event == PART ? begin_part(form, data) : CGW_OK;
    if (status == CGW_OK && event == PART)
        *ret_part = &form->part;
    return status;
}

static int count_bytes(cgw_form *form, size_t bytes, bool is_text)
{
    bool is_file = form->part.is_file && !is_text;
    uint64_t most = is_file ? form->limits.file_bytes : form->limits.field_bytes;
    form->part_bytes += bytes;
    if (form->part_bytes <= most)
        return CGW_OK;
    return form_refuse(form, 400, "The form has a %s of more than %" PRIu64 " bytes",
                       is_file ? "file" : "field", most);
}

int form_piece(cgw_form *form, cgw_str *ret_piece, bool is_text, const struct cgw_site *site)
{
    enum event event;
    *ret_piece = (cgw_str){"", 0};
    if (form->status != CGW_OK || !form->is_in_part)
        return form->status;
    int status = next_event(form, &event, ret_piece, site);
    form->is_in_part = event == DATA;
    return status == CGW_OK ? count_bytes(form, ret_piece->len, is_text) : status;
}

int cgw__part_next(cgw_form *form, cgw_str *ret_piece, const struct cgw_site *site)
{
    return form_piece(form, ret_piece, false, site);
}
