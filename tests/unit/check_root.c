/* Nothing outside a folder can be opened, by either of the two ways; and what a
   name says about its type. */
#include "files/mime.h"
#include "files/root.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* top/{outside/secret, in/{file, sub/deep, links}}; in is the root. */
static char top[] = "check_root.XXXXXX";
static struct root root;

static void write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    close(fd);
}

static void set_up(void)
{
    char target[4200];
    ck_assert_ptr_nonnull(mkdtemp(top));
    ck_assert_int_eq(chdir(top), 0);
    ck_assert(mkdir("outside", 0700) == 0 && mkdir("in", 0700) == 0 && mkdir("in/sub", 0700) == 0);
    ck_assert_int_eq(mkdir("in2", 0700), 0);
    write_file("outside/secret");
    write_file("in2/secret");
    write_file("in/file");
    write_file("in/sub/deep");
    char *here = realpath(".", NULL);
    ck_assert_ptr_nonnull(here);
    snprintf(target, sizeof(target), "%s/in/sub/deep", here);
    ck_assert_int_eq(symlink(target, "in/absolute"), 0);
    snprintf(target, sizeof(target), "%s/in2/secret", here);
    ck_assert_int_eq(symlink(target, "in/sibling"), 0);
    free(here);
    ck_assert_int_eq(symlink("../outside/secret", "in/out"), 0);
    ck_assert_int_eq(symlink("..", "in/up"), 0);
    ck_assert_int_eq(symlink("../in/file", "in/out-and-in"), 0);
    ck_assert_int_eq(symlink("sub/../file", "in/around"), 0);
    ck_assert_int_eq(symlink("loop", "in/loop"), 0);
    ck_assert_int_eq(symlink("/proc/self/root/etc", "in/magic"), 0);
    ck_assert_int_eq(symlink("nowhere", "in/dangling"), 0);
    write_file("in/.hidden");
    ck_assert_int_eq(mkdir("in/.git", 0700), 0);
    write_file("in/.git/config");
    ck_assert_int_eq(symlink(".hidden", "in/to-hidden"), 0);
    ck_assert_int_eq(symlink(".git", "in/to-git"), 0);
    ck_assert_int_eq(symlink("../.git/config", "in/sub/to-config"), 0);
    ck_assert_int_eq(symlink("to-hidden", "in/to-to-hidden"), 0);
    ck_assert_int_eq(symlink("sub", "in/to-sub"), 0);
    ck_assert_int_eq(mkfifo("in/fifo", 0600), 0);
    ck_assert_int_eq(root_open("in", &root), 0);
}

static void tear_down(void)
{
    root_close(&root);
    root_close(&root);
    ck_assert_int_eq(chdir(".."), 0);
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", top);
    ck_assert_int_eq(system(command), 0);
}

static const struct {
    const char *path;
    int error; /* 0: it opens */
} paths[] = {
    {"file", 0},
    {"", 0},
    {"sub", 0},
    {"sub/", 0},
    {"sub/deep", 0},
    {"absolute", 0},
    {"around", 0},
    {"out-and-in", 0},
    {"fifo", 0},
    {"to-sub", 0},
    {"to-sub/", 0},
    {"to-sub/deep", 0},
    {"to-hidden", ENOENT},
    {"to-to-hidden", ENOENT},
    {"to-git", ENOENT},
    {"to-git/config", ENOENT},
    {"sub/to-config", ENOENT},
    {"to-sub/to-config", ENOENT},
    {"out", EXDEV},
    {"up", EXDEV},
    {"up/outside/secret", EXDEV},
    {"../outside/secret", EXDEV},
    {"..", EXDEV},
    {"sibling", EXDEV},
    {"magic/passwd", EXDEV},
    {"loop", ELOOP},
    {"dangling", ENOENT},
    {"nope", ENOENT},
    {"file/", ENOTDIR},
    {"file/x", ENOTDIR},
};

START_TEST(open_row)
{
    int fd = root_open_beneath(&root, paths[_i].path);
    ck_assert_msg((fd < 0 ? -fd : 0) == paths[_i].error, "%s: %d", paths[_i].path, fd);
    if (fd >= 0)
        close(fd);
    fd = root_walk_beneath(&root, paths[_i].path);
    ck_assert_msg((fd < 0 ? -fd : 0) == paths[_i].error, "walk %s: %d", paths[_i].path, fd);
    if (fd >= 0)
        close(fd);
}
END_TEST

/* What has just been opened is known without waiting, and leads nowhere else either. */
START_TEST(open_cached)
{
    const char *path = paths[_i].path;
    int known = root_open_beneath(&root, path);
    int fd = root_open_cached(&root, path);
    if (fd != -EAGAIN)
        ck_assert_msg((fd < 0) == (known < 0), "%s: %d and %d", path, fd, known);
    if (known >= 0)
        close(known);
    if (fd >= 0)
        close(fd);
    fd = root_open_cached(NULL, "in/../in/file"); /* any path */
    ck_assert_msg(fd >= 0 || fd == -EAGAIN, "%d", fd);
    if (fd >= 0)
        close(fd);
}
END_TEST

START_TEST(open_long)
{
    char path[6000];
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    ck_assert_int_eq(root_open_beneath(&root, path), -ENAMETOOLONG);
    ck_assert_int_eq(root_walk_beneath(&root, path), -ENAMETOOLONG);
    path[300] = '\0';
    ck_assert_int_eq(root_open_beneath(&root, path), -ENAMETOOLONG);
    ck_assert_int_eq(root_walk_beneath(&root, path), -ENAMETOOLONG);
}
END_TEST

/* A root at the top of the file system has a slash too many. */
START_TEST(open_slash)
{
    struct root slash;
    ck_assert_int_eq(root_open("/", &slash), 0);
    int fd = root_walk_beneath(&slash, "proc/self/status");
    ck_assert_int_ge(fd, 0);
    close(fd);
    root_close(&slash);
}
END_TEST

START_TEST(open_root_fails)
{
    struct root none;
    ck_assert_int_eq(root_open("nope", &none), -ENOENT);
    ck_assert_int_eq(root_open("in/file", &none), -ENOTDIR);
}
END_TEST

START_TEST(plain)
{
    static const char *const good[] = {"", "a", "a/b", "a/", "a.b", "a/b.", "a..", "\\", "a/b/c/"};
    static const char *const bad[] = {".",      "..",  ".a",   "a/.b", "a/..",
                                      "a/../b", "/a",  "a//b", "a/./", "../a",
                                      "/",      "a//", "...",  "//",   "a/..b"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(root_is_plain(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!root_is_plain(bad[i]), "%s", bad[i]);
}
END_TEST

static const struct {
    const char *name, *type;
} types[] = {
    {"a.7z", "application/x-7z-compressed"},
    {"a.zst", "application/zstd"},
    {"index.html", "text/html; charset=utf-8"},
    {"INDEX.HTML", "text/html; charset=utf-8"},
    {"a.htm", "text/html; charset=utf-8"},
    {"app.js", "text/javascript; charset=utf-8"},
    {"app.mjs", "text/javascript; charset=utf-8"},
    {"a.min.css", "text/css; charset=utf-8"},
    {"a.json", "application/json"},
    {"a.map", "application/json"},
    {"a.png", "image/png"},
    {"a.jpg", "image/jpeg"},
    {"a.jpeg", "image/jpeg"},
    {"a.gif", "image/gif"},
    {"a.svg", "image/svg+xml"},
    {"a.webp", "image/webp"},
    {"a.avif", "image/avif"},
    {"a.ico", "image/x-icon"},
    {"a.woff", "font/woff"},
    {"a.woff2", "font/woff2"},
    {"a.pdf", "application/pdf"},
    {"a.txt", "text/plain; charset=utf-8"},
    {"a.xml", "application/xml"},
    {"a.wasm", "application/wasm"},
    {"a.mp4", "video/mp4"},
    {"a.webm", "video/webm"},
    {"a.webmanifest", "application/manifest+json"},
    {"a.tar.gz", "application/gzip"},
    {"a.h", "text/plain; charset=utf-8"},
    {"Makefile", "application/octet-stream"},
    {"a.", "application/octet-stream"},
    {"a.unknown", "application/octet-stream"},
    {"a.html/b", "application/octet-stream"},
    {"", "application/octet-stream"},
};

START_TEST(type_row)
{
    struct cgw_str type = mime_of(types[_i].name);
    ck_assert_str_eq(type.ptr, types[_i].type);
    ck_assert_uint_eq(type.len, strlen(types[_i].type));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("root");
    TCase *tests = tcase_create("root");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, open_row, 0, sizeof(paths) / sizeof(paths[0]));
    tcase_add_loop_test(tests, open_cached, 0, sizeof(paths) / sizeof(paths[0]));
    tcase_add_test(tests, open_long);
    tcase_add_test(tests, open_slash);
    tcase_add_test(tests, open_root_fails);
    suite_add_tcase(suite, tests);
    TCase *names = tcase_create("names");
    tcase_add_test(names, plain);
    tcase_add_loop_test(names, type_row, 0, sizeof(types) / sizeof(types[0]));
    suite_add_tcase(suite, names);
    return suite;
}

UNIT_MAIN(make_suite)
