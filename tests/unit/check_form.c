/* Forms of an application, without a port: parts as libcgw-test writes them, disks that fail,
   clients that leave. What goes over the wire is in script_sdk_forms.py. */
#include "model/model.h"
#include "unit.h"
#include <cgw.h>
#include <cgw/test.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { LARGE = 2 << 20 };

static cgw_test *test;
static char *large; /* LARGE bytes */

static size_t count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t n = 0;
    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

static void setup(void)
{
    signal(SIGXFSZ, SIG_IGN);
    large = calloc(1, LARGE + 1);
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)('a' + i * 7 % 26);
    test = cgw_test_open(.quiet = true);
    ck_assert_ptr_nonnull(test);
}

static void teardown(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
    free(large);
}

#define FIELD(name_, value_)               \
    {                                      \
        .name = (name_), .value = (value_) \
    }
#define PARTS(...) ((const struct cgw_test_part[]){__VA_ARGS__, {.name = NULL}})
#define POST(target_, ...) \
    cgw_test_request(test, .method = "POST", .target = (target_), __VA_ARGS__)

static void expect(cgw_answer answer, int status, const char *text)
{
    ck_assert_int_eq(answer.status, status);
    if (!strstr(answer.text, text))
        ck_abort_msg("%s lacks %s", answer.text, text);
}

START_TEST(sends_parts_as_a_browser)
{
    expect(POST("/file", .parts = PARTS(FIELD("title", "T"), {.name = "file",
                                                              .value = "a\0b",
                                                              .len = 3,
                                                              .filename = "dir/\"x\".txt",
                                                              .content_type = "text/x"})),
           200, "title=T name=\"x\".txt raw=dir/\"x\".txt type=text/x size=3 headers=2");
    expect(POST("/login", .parts = PARTS(FIELD("name", "Ada"), FIELD("age", "36"),
                                         FIELD("tags", "a"), FIELD("tags", ""))),
           200, "{\"name\":\"Ada\",\"age\":36,\"tags\":[\"a\",\"\"]}");
    expect(POST("/names/a", .form = "a=1&b=2&a=%41"), 200, "first=1 file=(none)|1|A");
}
END_TEST

/* Wherever the pieces of the body end. */
START_TEST(reads_any_pieces)
{
    const struct cgw_test_part *parts = PARTS(
        FIELD("a", "1"), {.name = "f", .value = "x\r\n--y", .filename = "x"}, FIELD("skip", "3"));
    for (size_t chunk = 1; chunk < 80; chunk += 3)
        expect(POST("/parts", .parts = parts, .chunk = chunk, .chunk_pause = 0.001), 200,
               "a=1(,) @f=6(application/octet-stream,x) skip=0(,)");
}
END_TEST

static void send_large(const char *path, int status, const char *text)
{
    const struct cgw_test_part *parts =
        PARTS(FIELD("title", "T"), {.name = "file", .value = large, .filename = "large"});
    expect(POST(path, .parts = parts, .chunk = 50000), status, text);
}

START_TEST(keeps_large_files_on_disk)
{
    size_t before = count_files();
    for (size_t i = 0; i < 2; i++) {
        send_large(i ? "/sync/echo" : "/echo", 200, large);
        send_large(i ? "/sync/file" : "/file", 200, "size=2097152");
        cgw_test_settle(test);
        ck_assert_uint_eq(count_files(), before);
    }
}
END_TEST

/* RLIMIT_FSIZE stands for a disk that is full. */
START_TEST(answers_507_where_the_disk_is_full)
{
    size_t before = count_files();
    struct rlimit limit = {300000, 300000};
    setenv("TMPDIR", "/tmp/", 1);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    send_large("/file", 507, "{\"detail\":\"Insufficient Storage\"}");
    send_large("/sync/names/x", 507, "{\"detail\":\"Insufficient Storage\"}");
    cgw_test_settle(test);
    ck_assert_uint_eq(cgw_test_logged(test, "cannot be kept in /tmp/: File too large"), 2);
    ck_assert_uint_eq(count_files(), before);
}
END_TEST

START_TEST(answers_500_without_a_folder)
{
    setenv("TMPDIR", "/no/such/folder", 1);
    send_large("/file", 500, "{\"detail\":\"Internal Server Error\"}");
    send_large("/sync/file", 500, "{\"detail\":\"Internal Server Error\"}");
    ck_assert_uint_eq(cgw_test_logged(test, "cannot be kept in /no/such/folder: No such file"), 2);
}
END_TEST

static void leave(const char *path, double after)
{
    const struct cgw_test_part *parts =
        PARTS({.name = "file", .value = large, .filename = "large"});
    (void)POST(path, .parts = parts, .chunk = 100000, .chunk_pause = 0.1, .leave_after = after);
    cgw_test_settle(test);
}

START_TEST(closes_files_of_clients_that_leave)
{
    size_t before = count_files();
    leave("/echo", 1.55);
    leave("/sync/names/x", 1.55);
    leave("/parts", 1.55);
    leave("/slow", 2.5); /* in the handler */
    leave("/slow", 9);   /* a timeout */
    ck_assert_uint_eq(count_files(), before);
    ck_assert_uint_eq(cgw_test_logged(test, "cannot be kept"), 0);
}
END_TEST

/* The form's memory does not grow with the number of its files. */
START_TEST(keeps_many_files_in_little_memory)
{
    static struct cgw_test_part parts[16];
    for (size_t i = 0; i < 15; i++)
        parts[i] =
            (struct cgw_test_part){.name = "f", .value = large, .len = 1 << 20, .filename = "f"};
    expect(POST("/count", .parts = parts), 200, "6 on disk"); /* of 15 */
}
END_TEST

#define FILED(F) F(upload, file)
CGW_MODEL(Filed, FILED)
#define OUTER(F) F(models(Filed), all, .opt = true)
CGW_MODEL(Outer, OUTER)

START_TEST(is_no_json)
{
    struct arena arena = {0};
    struct model_errors errors;
    struct buffer out = BUFFER_IN(&arena);
    Outer outer;
    const cgw_model *model;
    model_errors_init(&errors, &arena);
    int status = Outer_model()->code->decode(Outer_model(), &arena,
                                             (cgw_str)CGW_STR("{\"all\":[{\"file\":\"x\"}]}"), NULL,
                                             &errors, &outer);
    ck_assert_int_eq(status, CGW_EINVALID);
    ck_assert_ptr_nonnull(strstr(errors.items[0].text.ptr, "expected a file"));
    Filed filed = {.file = {.filename = "x"}};
    Filed_model()->code->encode(Filed_model(), &filed, &out);
    ck_assert_int_eq(out.status, CGW_EINVAL);
    ck_assert_ptr_nonnull(model_find_upload(Outer_model(), &model));
    ck_assert_ptr_eq(model, Filed_model());
    arena_fini(&arena);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("form");
    TCase *tests = tcase_create("form");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, sends_parts_as_a_browser);
    tcase_add_test(tests, reads_any_pieces);
    tcase_add_test(tests, keeps_large_files_on_disk);
    tcase_add_test(tests, answers_507_where_the_disk_is_full);
    tcase_add_test(tests, answers_500_without_a_folder);
    tcase_add_test(tests, closes_files_of_clients_that_leave);
    tcase_add_test(tests, keeps_many_files_in_little_memory);
    tcase_add_test(tests, is_no_json);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
