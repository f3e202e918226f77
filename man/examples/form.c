#include <cgw.h>
#include <string.h>

#define PROFILE(F)                       \
    F(str, name, .max_len = 80)          \
    F(list(str), languages, .opt = true) \
    F(upload, picture, .opt = true, .max_len = 5000000)
CGW_MODEL(Profile, PROFILE)

CGW_POST(set_profile, "/profiles/{id:int}", .form = Profile_model)
{
    const Profile *profile = cgw_form(req, Profile);
    if (cgw_has(Profile, profile, picture)) {
        const char *path = cgw_fmt(req, "/srv/pictures/%lld", (long long)cgw_path_i64(req, "id"));
        CGW_TRY(req, path ? cgw_upload_save(&profile->picture, path, .sync = true) : CGW_ENOMEM);
    }
    return cgw_text(req, 200, "%s speaks %zu languages\n", profile->name, profile->languages.len);
}

/* Of any length, in flat memory: nothing goes to disk. */
CGW_POST(count, "/count", .stream = true, .max_body = 1 << 30)
{
    size_t lines = 0;
    cgw_form *form;
    CGW_TRY(req, cgw_form_open(req, NULL, &form));
    for (const cgw_part *part;;) {
        CGW_TRY(req, cgw_form_next(form, &part));
        if (!part)
            break;
        for (cgw_str piece; part->is_file;) {
            CGW_TRY(req, cgw_part_next(form, &piece));
            if (!piece.len)
                break;
            for (size_t i = 0; i < piece.len; i++)
                lines += piece.ptr[i] == '\n';
        }
    }
    return cgw_text(req, 200, "%zu lines\n", lines);
}
