#include <cgw.h>
#include <stdio.h>
#include <unistd.h>

/* Blocking code, on a pool thread, reads it as any other file. */
static int count_words(void *arg)
{
    int fd = *(int *)arg, words = 0;
    char word[64];
    FILE *file = fdopen(fd, "r");
    if (!file) {
        close(fd);
        return CGW_ENOMEM;
    }
    while (fscanf(file, "%63s", word) == 1)
        words++;
    fclose(file);
    return words;
}

CGW_POST(words, "/words", .form_limits = CGW_FORM_LIMITS(.files = 8))
{
    int total = 0;
    CGW_TRY(req, cgw_form_read(req));
    cgw_list_upload files = cgw_form_uploads(req, "text");
    for (size_t i = 0; i < files.len; i++) {
        int fd, n;
        CGW_TRY(req, cgw_upload_fd(&files.items[i], &fd));
        CGW_TRY(req, n = cgw_blocking(count_words, &fd));
        total += n;
    }
    return cgw_text(req, 200, "%d words in %zu files\n", total, files.len);
}

/* What a file is, its first bytes tell, whatever its name or type says. */
CGW_POST(check, "/pictures")
{
    unsigned char begin[8];
    size_t len;
    CGW_TRY(req, cgw_form_read(req));
    const cgw_upload *picture = cgw_form_upload(req, "picture");
    if (!picture)
        return cgw_fail(req, 422, "no picture");
    CGW_TRY(req, cgw_upload_read(picture, 0, begin, sizeof(begin), &len));
    if (len < 4 || begin[0] != 0x89 || begin[1] != 'P')
        return cgw_fail(req, 422, "%s is no PNG", picture->filename);
    return cgw_empty(req, 204);
}
