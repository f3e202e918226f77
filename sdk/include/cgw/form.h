/*
 * Forms: application/x-www-form-urlencoded and multipart/form-data (RFC 7578), with files.
 *
 *     #define PROFILE(F)               \
 *         F(str, name, .max_len = 80)  \
 *         F(upload, picture, .max_len = 5000000)
 *     CGW_MODEL(Profile, PROFILE)
 *
 *     CGW_POST(set_profile, "/profile", .form = Profile_model)
 *     {
 *         const Profile *profile = cgw_form(req, Profile);
 *         CGW_TRY(req, cgw_upload_save(&profile->picture, "/srv/pictures/1"));
 *         return cgw_empty(req, 204);
 *     }
 *
 * Three ways to the same bytes: a model, as above; values and files by name, cgw_form_read(); part
 * by part, cgw_form_open(). A file that is large lies on disk meanwhile, in $TMPDIR, without a
 * name; it goes with the request. See cgw_form(3).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_FORM_H
#define CGW_FORM_H
#include <cgw/request.h>

/* What is more than these is answered with 400; 0: the default. The body as a whole has the
   route's .max_body, and 413. */
struct cgw_form_limits {
    uint32_t fields;       /* that are no files [1000] */
    uint32_t files;        /* [1000] */
    uint64_t field_bytes;  /* of one that is no file, decoded; of any name [1 MiB] */
    uint64_t file_bytes;   /* of one [as the body] */
    uint32_t header_bytes; /* of one part, all its header lines [16 KiB] */
    uint64_t memory_bytes; /* of a file that stays in memory; beyond, it goes to disk [1 MiB] */
};
/* .form_limits = CGW_FORM_LIMITS(.files = 4, .file_bytes = 1 << 20) */
#define CGW_FORM_LIMITS(...) (&(const struct cgw_form_limits){__VA_ARGS__})

/* What .form of the route bound and validated; see cgw_params(). [task], does not suspend */
#define cgw_form(req, T) ((const T *)cgw__bound((req), T##_model(), CGW__FORM))

/* ---- by name ---- */

/*
 * Read the whole form, fields and files, in the limits of the route; a second call answers the
 * same, and behind .form it is there already. CGW_OK, also where the body is of another type: it is
 * a form without fields then, and unread. CGW_EFAILED: it is malformed, or beyond a limit; the
 * reply is prepared, {"detail": "..."}, 400, or 507 where the disk is full: return it by CGW_TRY().
 * CGW_EBUSY: another task reads it. Else as cgw_body_text(). Suspends. [task]
 */
int cgw__form_read(cgw_request *req, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_form_read(req) cgw__form_read((req), CGW_HERE)

/* The first value of that name, or NULL; what is no UTF-8, and a NUL, is U+FFFD. All of them, in
   order. NULL, and none, before cgw_form_read(). [task], none suspends */
const char *cgw_form_value(cgw_request *req, const char *name);
cgw_strs cgw_form_values(cgw_request *req, const char *name);
/* The same for files. An input that was left empty is none. */
const cgw_upload *cgw_form_upload(cgw_request *req, const char *name);
cgw_list_upload cgw_form_uploads(cgw_request *req, const char *name);

/* ---- a file that came with a form; its fields are in <cgw/model.h> ---- */

/* All of [task]. They may be called by several tasks at once, but for the same upload's
   cgw_upload_next(). Errors, besides why the task was canceled: CGW_ENOENT, CGW_EIO, and minus an
   errno of the disk. */

/*
 * The next piece, from the beginning; it lives until the next call, the whole of a file in memory
 * until the request is over. Length 0: the end; the next call begins again. CGW_OK, CGW_ENOMEM.
 * Suspends.
 */
int cgw__upload_next(const cgw_upload *upload, cgw_str *ret_piece,
                     const struct cgw_site *site) CGW_MUST_USE;
#define cgw_upload_next(upload, ret_piece) cgw__upload_next((upload), (ret_piece), CGW_HERE)
/* Up to so many bytes from offset on; fewer only at the end. Suspends. */
int cgw__upload_read(const cgw_upload *upload, uint64_t offset, void *dst, size_t bytes,
                     size_t *ret_len, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_upload_read(upload, offset, dst, bytes, ret_len) \
    cgw__upload_read((upload), (offset), (dst), (bytes), (ret_len), CGW_HERE)
/* The whole, NUL-terminated, until the request is over; a second call answers the same. CGW_ENOMEM.
   Suspends. */
int cgw__upload_text(const cgw_upload *upload, cgw_str *ret_text,
                     const struct cgw_site *site) CGW_MUST_USE;
#define cgw_upload_text(upload, ret_text) cgw__upload_text((upload), (ret_text), CGW_HERE)

struct cgw_save_options {
    bool sync;     /* it is on the disk, and its name with it, before this returns */
    bool keep_old; /* a file that is there stays: -EEXIST */
    unsigned mode; /* permissions, cut by the umask; 0: 0666 */
};
/*
 * Save it as path: written beside it and renamed, so that nobody sees half a file; without a copy
 * where the file system can do that. Nothing is left behind on an error. Never hand on a file name
 * of the client's as it is. CGW_OK; CGW_ENOMEM; CGW_ENOENT: no such folder, or there is no
 * file; -ENOSPC and the like. Suspends.
 */
int cgw__upload_save(const cgw_upload *upload, const char *path, struct cgw_save_options options,
                     const struct cgw_site *site) CGW_MUST_USE;
#define cgw_upload_save(upload, path, ...) \
    cgw__upload_save((upload), (path), (struct cgw_save_options){__VA_ARGS__}, CGW_HERE)
/* A descriptor of its contents, at their beginning, for reading: for code on a pool thread, and
   what is to outlive the request. The caller closes it. CGW_ENOENT: there is no file. Suspends. */
int cgw__upload_fd(const cgw_upload *upload, int *ret_fd, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_upload_fd(upload, ret_fd) cgw__upload_fd((upload), (ret_fd), CGW_HERE)

/* ---- part by part, in flat memory ---- */

typedef struct cgw_form cgw_form;

/* A field or file that comes; until the next one is asked for. */
typedef struct cgw_part {
    const char *name;
    bool is_file;         /* it came with a file name */
    const char *filename; /* as in cgw_upload; "" where it is no file */
    const char *raw_filename;
    const char *content_type; /* "" where it says none */
    const struct cgw_header *headers;
    size_t n_headers;
} cgw_part;

/*
 * Begin to read the form of a route with .stream = true. limits NULL: those of the route. It lives
 * until the request is over. CGW_OK; CGW_EFAILED: the body is of another type, 415, or multipart
 * without a boundary, 400: the reply is prepared; CGW_EINVAL: the body was read already;
 * CGW_ENOMEM. Does not suspend. [task]
 */
int cgw_form_open(cgw_request *req, const struct cgw_form_limits *limits,
                  cgw_form **ret_form) CGW_MUST_USE;
/* The next part; what was not read of the last one is skipped. NULL: that was all. Errors as of
   cgw_form_read(). Suspends. [task] */
int cgw__form_next(cgw_form *form, const cgw_part **ret_part,
                   const struct cgw_site *site) CGW_MUST_USE;
#define cgw_form_next(form, ret_part) cgw__form_next((form), (ret_part), CGW_HERE)
/* The next piece of the part; it lives until the next call. Length 0: its end. Suspends. [task] */
int cgw__part_next(cgw_form *form, cgw_str *ret_piece, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_part_next(form, ret_piece) cgw__part_next((form), (ret_piece), CGW_HERE)
/* The rest of the part as text, NUL-terminated, in UTF-8 where its charset is known, until the
   request is over. A file's is limited as a field's is. Suspends. [task] */
int cgw__part_text(cgw_form *form, cgw_str *ret_text, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_part_text(form, ret_text) cgw__part_text((form), (ret_text), CGW_HERE)
/* The rest of the part as a file, in memory or on disk, until the request is over. Suspends.
   [task] */
int cgw__part_upload(cgw_form *form, cgw_upload *ret_upload,
                     const struct cgw_site *site) CGW_MUST_USE;
#define cgw_part_upload(form, ret_upload) cgw__part_upload((form), (ret_upload), CGW_HERE)

#endif
