/* A form that is being read, between the files of forms. */
#ifndef WEB_FORM_H
#define WEB_FORM_H
#include "web/charset.h"
#include "web/multipart.h"
#include "web/multipart_head.h"
#include "web/request.h"
#include "web/urlencoded.h"

enum form_type { FORM_OTHER, FORM_URLENCODED, FORM_MULTIPART };

/* All in the request's memory. */
struct cgw_form {
    cgw_request *req;
    struct cgw_form_limits limits; /* each is set */
    enum form_type type;
    int status;      /* the first error, for good */
    cgw_str input;   /* of the body, not looked at yet */
    bool is_last;    /* there is no more of the body */
    bool is_over;    /* nor of the form */
    bool is_in_part; /* part has not ended */
    uint32_t n_fields, n_files;
    uint64_t part_bytes;   /* of part, so far */
    uint64_t memory_bytes; /* of files that are in memory */
    enum charset charset;  /* of fields that say none */
    enum charset part_charset;
    cgw_part part;
    char *text; /* of cgw_part_text(): for any part */
    size_t text_len, text_room;
    union {
        struct {
            struct multipart multipart;
            struct multipart_head head;
        };
        struct urlencoded urlencoded;
    };
};

/* A form that was read as a whole; of a request. */
struct form {
    cgw_form reader;
    _Atomic int status; /* of cgw_form_read(); CGW_EBUSY: a task reads it, on a thread perhaps */
    struct model_pair *pairs;
    const cgw_upload **uploads; /* of each pair: the file, or NULL */
    size_t n, room;
};

/* What the request's content type says. */
enum form_type form_type(const cgw_request *req);
/* Begin; the request has a form. CGW_OK; CGW_EFAILED: there is no boundary, the 400 is prepared;
   CGW_ENOMEM. */
int form_begin(cgw_form *form, cgw_request *req, enum form_type type,
               const struct cgw_form_limits *limits);
/* As cgw_part_next(); is_text: a file is limited as a field is. */
int form_piece(cgw_form *form, cgw_str *ret_piece, bool is_text, const struct cgw_site *site);
/* Prepare the reply of an error: CGW_EFAILED, for good. */
int form_refuse(cgw_form *form, int status, const char *format, ...) CGW_PRINTF(3, 4);
#endif
