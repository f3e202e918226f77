/* A part as a whole: as text, or as a file. */
#include "web/application.h"
#include "web/form.h"
#include "web/spool.h"
#include <errno.h>
#include <string.h>

/* ---- text ---- */

static int add_text(cgw_form *form, cgw_str piece)
{
    size_t wanted = form->text_len + piece.len;
    if (wanted > form->text_room) {
        size_t room = form->text_room ? form->text_room : 256;
        while (room < wanted)
            room *= 2;
        char *text = cgw_alloc(form->req, room);
        if (!text)
            return form->status = CGW_ENOMEM;
        memcpy(text, form->text ? form->text : "", form->text_len);
        form->text = text;
        form->text_room = room;
    }
    memcpy(form->text + form->text_len, piece.ptr, piece.len);
    form->text_len = wanted;
    return CGW_OK;
}

/* RFC 7578, 4.6: a field of that name says what charset those have that do not say it. */
static int heed_charset(cgw_form *form, cgw_str text)
{
    if (form->type != FORM_MULTIPART || strcmp(form->part.name, "_charset_") != 0)
        return CGW_OK;
    form->charset = charset_find(text);
    return form->charset ? CGW_OK : form_refuse(form, 400, "The form has an unknown charset");
}

int cgw__part_text(cgw_form *form, cgw_str *ret_text, const struct cgw_site *site)
{
    cgw_str piece;
    int status;
    form->text_len = 0;
    while ((status = form_piece(form, &piece, true, site)) == CGW_OK && piece.len)
        if (add_text(form, piece) != CGW_OK)
            return form->status;
    if (status != CGW_OK)
        return status;
    if (form->part_charset == CHARSET_UNKNOWN)
        return form_refuse(form, 400, "A field of the form has an unknown charset");
    cgw_str bytes = {form->text ? form->text : "", form->text_len};
    if (charset_text(form->req, form->part_charset, bytes, ret_text) != CGW_OK)
        return form->status = CGW_ENOMEM;
    return heed_charset(form, *ret_text);
}

/* ---- files ---- */

/* Many small files shall not take more memory than some large ones: once there are so many times
   what one may take, each gets SMALL_BYTES. */
enum { MANY = 8, SMALL_BYTES = 64 << 10 };

static uint64_t memory_for_next(const cgw_form *form)
{
    uint64_t most = form->limits.memory_bytes;
    return form->memory_bytes / MANY > most && most > SMALL_BYTES ? SMALL_BYTES : most;
}

static int disk_failed(cgw_form *form, int error)
{
    bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    bool is_busy = error == EMFILE || error == ENFILE;
    cgw_log_level(form->req, CGW_LOG_ERROR, "a file of a form cannot be kept in %s: %s",
                  spool_folder(), strerrordesc_np(error));
    return is_full   ? form_refuse(form, 507, "Insufficient Storage")
           : is_busy ? form_refuse(form, 503, "Service Unavailable")
                     : form_refuse(form, 500, "Internal Server Error");
}

static int fill(cgw_form *form, struct cgw__spool *spool, const struct cgw_site *site)
{
    uint64_t memory_bytes = memory_for_next(form);
    cgw_str piece;
    int status;
    while ((status = form_piece(form, &piece, false, site)) == CGW_OK && piece.len) {
        status = spool_add(spool, piece, memory_bytes, site);
        if (status != CGW_OK)
            return form->status = status;
    }
    if (status == CGW_OK)
        status = form->status = spool_end(spool, site);
    return status;
}

int cgw__part_upload(cgw_form *form, cgw_upload *ret_upload, const struct cgw_site *site)
{
    struct cgw__spool *spool;
    const cgw_part *part = &form->part;
    int status = form->status == CGW_OK ? spool_new(form->req, &spool) : form->status;
    if (status != CGW_OK)
        return form->status = status;
    status = fill(form, spool, site);
    if (spool->error)
        return disk_failed(form, spool->error);
    if (status != CGW_OK)
        return status;
    if (spool->fd < 0)
        form->memory_bytes += spool->size;
    *ret_upload = (cgw_upload){.filename = part->filename,
                               .raw_filename = part->raw_filename,
                               .content_type = part->content_type,
                               .size = spool->size,
                               .headers = part->headers,
                               .n_headers = part->n_headers,
                               .spool = spool};
    return CGW_OK;
}
