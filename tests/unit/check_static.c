/*
 * Directories and files in process: under a host that sends files by itself, and under one that
 * cannot, where they are read; the answers are the same.
 */
#include "unit.h"
#include <cgw.h>
#include <cgw/test.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { BIG = 300000 };
static char folder[] = "/tmp/check_static.XXXXXX";

/* ---- the application ---- */

CGW_STATIC(assets, "/assets", "/nonexistent", .env = "CHECK_STATIC", .precompressed = true,
           .spa = "page.html")

CGW_GET(big, "/big", .mode = CGW_SYNC)
{
    return cgw_file(req, "big", .beneath = folder);
}

CGW_GET(slow, "/slow")
{
    CGW_FILE(file);
    cgw_str piece;
    size_t n = 0;
    CGW_TRY(req, cgw_file_open("big", &file, .beneath = folder, .piece = 1000));
    do {
        CGW_TRY(req, cgw_file_next(file, &piece));
        n += piece.len;
    } while (piece.len);
    return cgw_text(req, 200, "%zu", n);
}

CGW_GET(quick, "/quick")
{
    return cgw_text(req, 200, "quick");
}

/* ---- a host without cgw.file/1 ---- */

static const struct cgw_host *real;
static struct cgw_host poor;

static const void *find_table(const struct cgw_host *host, const char *id)
{
    (void)host;
    return strcmp(id, CGW_EXT_FILE) == 0 ? NULL : real->extension(real, id);
}

/* The lifespan has the tester's own host. */
static void begin(struct cgw_call *call)
{
    if (call->scope->type == CGW_SCOPE_HTTP) {
        real = call->host;
        poor = *real;
        poor.extension = find_table;
        call->host = &poor;
    }
    cgw_app.call(call);
}

/* ---- a disk that is slow, and a pool that is full ---- */

static const struct cgw_thread *threads;
static struct cgw_thread full;
static int n_full;
static bool is_cold;

static int run_later(struct cgw_call *call, void (*fn)(void *arg), void *arg, cgw_done_fn *done,
                     void *done_arg)
{
    return n_full-- > 0 ? CGW_EBUSY : threads->run(call, fn, arg, done, done_arg);
}

static const void *find_full_pool(const struct cgw_host *host, const char *id)
{
    (void)host;
    if (strcmp(id, CGW_EXT_THREAD) != 0)
        return real->extension(real, id);
    threads = real->extension(real, id);
    full = *threads;
    full.run = run_later;
    return &full;
}

static void begin_full(struct cgw_call *call)
{
    static struct cgw_host host;
    if (call->scope->type == CGW_SCOPE_HTTP) {
        begin(call);
        return;
    }
    real = call->host;
    host = *real;
    host.extension = find_full_pool;
    call->host = &host;
    cgw_app.call(call);
}

/* In place of the C library's: nothing is in the kernel's cache. */
ssize_t preadv2(int fd, const struct iovec *parts, int n, off_t at, int flags)
{
    if (!is_cold)
        return syscall(SYS_preadv2, fd, parts, n, at, 0, flags);
    errno = EAGAIN;
    return -1;
}

static cgw_test *open_app(int kind)
{
    static struct cgw_app app;
    app = cgw_app;
    if (kind)
        app.call = kind == 1 ? begin : begin_full;
    cgw_test *test = cgw_test_open(.app = &app, .seed = 7);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
    return test;
}

/* ---- tests ---- */

static void write_file(const char *name, const char *bytes, ssize_t len)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, (size_t)len), len);
    close(fd);
}

static void set_up(void)
{
    char *bytes = malloc(BIG);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (size_t i = 0; i < BIG; i++)
        bytes[i] = (char)('a' + i % 23);
    write_file("big", bytes, BIG);
    free(bytes);
    write_file("a.js", "var a", 5);
    write_file("a.js.br", "br", 2);
    write_file("page.html", "<p>", 3);
    setenv("CHECK_STATIC", folder, 1);
}

static void tear_down(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(files_are_the_same_by_both_ways)
{
    cgw_test *test = open_app(_i);
    static const char *const targets[] = {"/assets/big", "/big"};
    for (size_t i = 0; i < 2; i++) {
        cgw_answer answer = cgw_test_get(test, targets[i]);
        ck_assert_int_eq(answer.status, 200);
        ck_assert_uint_eq(answer.len, BIG);
        ck_assert_int_eq(answer.text[BIG - 1], 'a' + (BIG - 1) % 23);
        const struct cgw_test_field one[] = {{"range", "bytes=100000-199999"}, {NULL, NULL}};
        answer = cgw_test_get(test, targets[i], .fields = one);
        ck_assert_int_eq(answer.status, 206);
        ck_assert_uint_eq(answer.len, 100000);
        ck_assert_int_eq(answer.text[0], 'a' + 100000 % 23);
        const struct cgw_test_field two[] = {{"range", "bytes=0-1,4-5"}, {NULL, NULL}};
        answer = cgw_test_get(test, targets[i], .fields = two);
        ck_assert_int_eq(answer.status, 206);
        ck_assert_ptr_nonnull(
            strstr(answer.text, "content-range: bytes 4-5/300000\r\n\r\nef\r\n--"));
        ck_assert_uint_eq(cgw_test_request(test, .method = "HEAD", .target = targets[i]).len, 0);
    }
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(row_172_directories)
{
    cgw_test *test = open_app(_i);
    const struct cgw_test_field br[] = {{"accept-encoding", "br"}, {NULL, NULL}};
    const struct cgw_test_field page[] = {{"accept", "text/html"}, {NULL, NULL}};
    ck_assert_str_eq(cgw_test_get(test, "/assets/a.js").text, "var a");
    cgw_answer answer = cgw_test_get(test, "/assets/a.js", .fields = br);
    ck_assert_str_eq(answer.text, "br");
    ck_assert_str_eq(cgw_answer_header(&answer, "content-encoding"), "br");
    ck_assert_str_eq(cgw_test_get(test, "/assets/none", .fields = page).text, "<p>");
    ck_assert_int_eq(cgw_test_get(test, "/assets/none").status, 404);
    ck_assert_int_eq(cgw_test_get(test, "/assets/../check_static.c").status, 404);
    ck_assert_int_eq(cgw_test_post(test, "/assets/a.js", "{}").status, 405);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

/* The start has gone: now it can only wait for its turn, or break off. */
START_TEST(a_reply_that_has_begun_waits_for_a_thread)
{
    cgw_test *test = open_app(2);
    is_cold = true;
    n_full = 3;
    cgw_answer answer = cgw_test_get(test, "/assets/big");
    ck_assert_int_eq(answer.status, 200);
    ck_assert_uint_eq(answer.len, BIG);
    ck_assert_int_lt(n_full, 0);
    is_cold = false;
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

/* Neither files nor folders. */
START_TEST(sockets_and_pipes_are_not_there)
{
    cgw_test *test = open_app(_i);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char pipe[128];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(name.sun_path, sizeof(name.sun_path), "%s/socket", folder);
    snprintf(pipe, sizeof(pipe), "%s/pipe", folder);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    ck_assert_int_eq(cgw_test_get(test, "/assets/socket").status, 404);
    ck_assert_int_eq(cgw_test_get(test, "/assets/pipe").status, 404);
    close(fd);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

/* What is read piece by piece lets others go first, under any schedule. */
START_TEST(others_go_on_meanwhile)
{
    cgw_test *test = open_app(0);
    const struct cgw_test_request requests[] = {{.target = "/slow"}, {.target = "/quick"}};
    cgw_answer answers[2];
    cgw_test_together(test, requests, 2, answers);
    ck_assert_str_eq(answers[0].text, "300000");
    ck_assert_str_eq(answers[1].text, "quick");
    ck_assert_uint_lt(answers[1].ended, answers[0].ended);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(a_directory_that_is_not_there)
{
    static struct cgw_app app;
    app = cgw_app;
    setenv("CHECK_STATIC", "", 1);
    ck_assert_ptr_null(cgw_test_open(.app = &app));
    ck_assert_ptr_nonnull(
        strstr(cgw_test_error(), "CGW_STATIC(assets): CHECK_STATIC=/nonexistent: No such file"));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("static");
    TCase *tests = tcase_create("static");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, files_are_the_same_by_both_ways, 0, 2);
    tcase_add_loop_test(tests, row_172_directories, 0, 2);
    tcase_add_test(tests, a_reply_that_has_begun_waits_for_a_thread);
    tcase_add_loop_test(tests, sockets_and_pipes_are_not_there, 0, 2);
    tcase_add_test(tests, others_go_on_meanwhile);
    tcase_add_test(tests, a_directory_that_is_not_there);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
