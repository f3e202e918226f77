/* "PATH?mode=ro&max_pages=N", and ":memory:". */
#include "base/memory.h"
#include "lite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is(cgw_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

static bool set_mode(struct lite *lite, cgw_str mode)
{
    lite->is_read_only = is(mode, "ro");
    if (lite->is_read_only)
        lite->open_flags = SQLITE_OPEN_READONLY;
    else if (is(mode, "rw"))
        lite->open_flags = SQLITE_OPEN_READWRITE;
    else
        return is(mode, "rwc");
    return true;
}

static bool set_pages(struct lite *lite, cgw_str number)
{
    lite->max_pages = 0;
    for (size_t i = 0; i < number.len; i++) {
        if (number.ptr[i] < '0' || number.ptr[i] > '9' || lite->max_pages > 400000000)
            return false;
        lite->max_pages = lite->max_pages * 10 + (number.ptr[i] - '0');
    }
    return number.len && lite->max_pages && lite->max_pages < 4294967294;
}

static bool set(struct lite *lite, cgw_str option)
{
    const char *equals = memchr(option.ptr, '=', option.len);
    if (!equals)
        return false;
    cgw_str name = {option.ptr, (size_t)(equals - option.ptr)};
    cgw_str text = {equals + 1, option.len - name.len - 1};
    if (is(name, "mode"))
        return set_mode(lite, text);
    return is(name, "max_pages") && set_pages(lite, text);
}

static int set_all(struct lite *lite, const char *options, char *ret_error, size_t error_bytes)
{
    for (const char *at = options; *at;) {
        size_t len = strcspn(at, "&");
        if (!set(lite, (cgw_str){at, len})) {
            snprintf(ret_error, error_bytes,
                     "\"%.*s\": the options are mode=ro, mode=rw, mode=rwc and max_pages=N",
                     (int)len, at);
            return CGW_EINVAL;
        }
        at += len + (at[len] == '&');
    }
    return CGW_OK;
}

int lite_url(struct lite *lite, const char *rest, char *ret_error, size_t error_bytes)
{
    size_t len = strcspn(rest, "?");
    lite->is_in_memory = len == strlen(":memory:") && memcmp(rest, ":memory:", len) == 0;
    lite->open_flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (len == 0) {
        snprintf(ret_error, error_bytes, "the path is missing: sqlite:PATH");
        return CGW_EINVAL;
    }
    lite->path = memory_alloc(len + 1);
    if (!lite->path)
        return CGW_ENOMEM;
    memcpy(lite->path, rest, len);
    lite->path[len] = '\0';
    return set_all(lite, rest + len + (rest[len] == '?'), ret_error, error_bytes);
}
