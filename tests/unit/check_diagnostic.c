/* Lines as gcc 12, clang 14, clang 16, ld and make write them. */
#include "proc/dev/diagnostic.h"
#include "unit.h"

static const struct {
    const char *line;
    enum diagnostic_kind kind;
    const char *place;
} lines[] = {
    {"app.c:6:6: error: ‘p’ is a pointer", DIAGNOSTIC_ERROR, "app.c:6:6:"},
    {"n.c:1:10: fatal error: 'x.h' file not found", DIAGNOSTIC_ERROR, "n.c:1:10:"},
    {"app.c:7:5: warning: implicit [-Wx]", DIAGNOSTIC_WARNING, "app.c:7:5:"},
    {"app.c:9:19: note: each is reported once", DIAGNOSTIC_NOTE, "app.c:9:19:"},
    {"a: b.c:9: note: error: in its name", DIAGNOSTIC_NOTE, "a: b.c:9:"},
    {"app.c: In function ‘add’:", DIAGNOSTIC_PLAIN, ""},
    {"    6 |     p.x = 1;", DIAGNOSTIC_SOURCE, ""},
    {"12345 |     puts(\": error: \");", DIAGNOSTIC_SOURCE, ""},
    {"      |      ^", DIAGNOSTIC_MARKS, ""},
    {"      |                           |     int", DIAGNOSTIC_MARKS, ""},
    {"    ~^", DIAGNOSTIC_MARKS, ""},
    {"                    ^ ~~~~~   ~~~", DIAGNOSTIC_MARKS, ""},
    {"    return p->z + q", DIAGNOSTIC_PLAIN, ""},
    {"| x", DIAGNOSTIC_PLAIN, ""},
    {"", DIAGNOSTIC_PLAIN, ""},
    {" ", DIAGNOSTIC_PLAIN, ""},
    {": ", DIAGNOSTIC_PLAIN, ""},
    {"/tmp/l.c:1: undefined reference to `f'", DIAGNOSTIC_ERROR, "/tmp/l.c:1:"},
    {"l.c:(.text+0x10): undefined reference to `f'", DIAGNOSTIC_ERROR, "l.c:(.text+0x10):"},
    {"/usr/bin/ld: cannot find -lx: No such file", DIAGNOSTIC_ERROR, "/usr/bin/ld:"},
    {"collect2: error: ld returned 1 exit status", DIAGNOSTIC_ERROR, "collect2:"},
    {"error: no such file", DIAGNOSTIC_ERROR, ""},
    {"make: *** [Makefile:2: x] Error 1", DIAGNOSTIC_ERROR, "make:"},
    {"2 warnings and 3 errors generated.", DIAGNOSTIC_PLAIN, ""},
};

START_TEST(lines_are_known)
{
    struct str line = str_from(lines[_i].line);
    struct diagnostic read = diagnostic_read(line);
    ck_assert_int_eq(read.kind, lines[_i].kind);
    ck_assert(str_is(read.place, str_from(lines[_i].place)));
    ck_assert_ptr_eq(read.rest.ptr, line.ptr + read.place.len); /* nothing is lost */
    ck_assert_uint_eq(read.place.len + read.rest.len, line.len);
}
END_TEST

static const struct {
    const char *text, *stripped;
} colours[] = {
    {"\x1b[01m\x1b[Kapp.c:6:6:\x1b[m\x1b[K x", "app.c:6:6: x"},
    {"[\x1b]8;;https://example.org/-Wx\x1b\\-Wx\x1b]8;;\x1b\\]", "[-Wx]"},
    {"[\x1b]8;;https://example.org/-Wx\a-Wx\x1b]8;;\a]", "[-Wx]"},
    {"one\r\n\ttwo\b\x7f\n", "one\n\ttwo\n"},
    {"cut\x1b[", "cut"},
    {"cut\x1b[01;3", "cut"},
    {"cut\x1b]8;;x\nnext", "cut8;;x\nnext"},
    {"cut\x1b", "cut"},
    {"\x1b(B7", "(B7"},
    {"‘q’", "‘q’"},
};

START_TEST(colours_are_taken_out)
{
    char text[128];
    size_t len = strlen(colours[_i].text);
    memcpy(text, colours[_i].text, len);
    len = diagnostic_strip(text, len);
    ck_assert(str_is((struct str){text, len}, str_from(colours[_i].stripped)));
}
END_TEST

START_TEST(lines_come_one_by_one)
{
    struct str text = STR("one\n\nlast");
    ck_assert(str_is(diagnostic_next_line(&text), STR("one")));
    ck_assert(str_is(diagnostic_next_line(&text), STR("")));
    ck_assert(str_is(diagnostic_next_line(&text), STR("last")));
    ck_assert_uint_eq(text.len, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("diagnostic");
    TCase *tests = tcase_create("diagnostic");
    tcase_add_loop_test(tests, lines_are_known, 0, sizeof lines / sizeof *lines);
    tcase_add_loop_test(tests, colours_are_taken_out, 0, sizeof colours / sizeof *colours);
    tcase_add_test(tests, lines_come_one_by_one);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
