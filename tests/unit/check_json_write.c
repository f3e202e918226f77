/*
 * Numbers and strings as JSON. Python's json.dumps() gave the tables; for made-up doubles the C
 * library is asked whether what was written reads back, is shortest and is nearest.
 */
#include "model/model.h"
#include "unit.h"
#include <fcntl.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena arena;

static const char *double_text(double value)
{
    struct buffer out = BUFFER_IN(&arena);
    json_write_double(&out, value);
    return buffer_text(&out).ptr;
}

static cgw_str string_text(cgw_str text)
{
    struct buffer out = BUFFER_IN(&arena);
    json_write_string(&out, text);
    return buffer_text(&out);
}

static void forget(void)
{
    arena_fini(&arena);
}

/* ---- doubles ---- */

static const struct {
    double value;
    const char *text;
} doubles[] = {
    {0.0, "0.0"},
    {-0.0, "-0.0"},
    {0x1.0000000000000p+0, "1.0"},
    {-0x1.0000000000000p+0, "-1.0"},
    {0x1.999999999999ap-4, "0.1"},
    {0x1.999999999999ap-3, "0.2"},
    {0x1.3333333333333p-2, "0.3"},
    {0x1.3333333333334p-2, "0.30000000000000004"},
    {0x1.5555555555555p-2, "0.3333333333333333"},
    {0x1.5555555555555p-1, "0.6666666666666666"},
    {0x1.4f8b588e368f1p-17, "1e-05"},
    {0x1.a36e2eb1c432dp-14, "0.0001"},
    {0x1.02e85be180b74p-13, "0.00012345678901234567"},
    {0x1.c12218377de66p+46, "123456789012345.6"},
    {0x1.18b54f22aeb03p+50, "1234567890123456.8"},
    {0x1.c6bf526340000p+49, "1000000000000000.0"},
    {0x1.1c37937e08000p+53, "1e+16"},
    {0x1.fffffffffffffp+52, "9007199254740991.0"},
    {0x1.0000000000000p+53, "9007199254740992.0"},
    {0x1.1c37937e07fffp+53, "9999999999999998.0"},
    {0x1.56a95319d63e1p+63, "1.2345678901234567e+19"},
    {0x1.b1ae4d6e2ef50p+69, "1e+21"},
    {0x1.0f0cf064dd592p+73, "1e+22"},
    {0x1.52d02c7e14af6p+76, "1e+23"},
    {0x1.969368974c05bp+73, "1.5e+22"},
    {-0x1.0f0cf064dd592p+73, "-1e+22"},
    {0x1.0000000000000p-20, "9.5367431640625e-07"},
    {0x1.0000000000000p-44, "5.684341886080802e-14"},
    {0x0.0000000000001p-1022, "5e-324"},
    {0x0.0000000000002p-1022, "1e-323"},
    {0x0.0000000000003p-1022, "1.5e-323"},
    {0x1.0000000000000p-1022, "2.2250738585072014e-308"},
    {0x0.fffffffffffffp-1022, "2.225073858507201e-308"},
    {0x1.fffffffffffffp+1023, "1.7976931348623157e+308"},
    {0x1.0000000000000p+1023, "8.98846567431158e+307"},
    {0x1.279a9c8073d8bp-100, "9.109e-31"},
    {0x1.fe185ca57c517p+78, "6.02214076e+23"},
    {0x1.1de784a000000p+28, "299792458.0"},
    {0x1.921fb54442d18p+1, "3.141592653589793"},
    {0x1.5bf0a8b145769p+1, "2.718281828459045"},
    {0x1.9000000000000p+6, "100.0"},
    {0x1.8ae147ae147aep+3, "12.34"},
    {0x1.8ff5c28f5c28fp+6, "99.99"},
    {0x1.0000000000000p-1, "0.5"},
    {0x1.249ad2594c37dp+332, "1e+100"},
    {0x1.d87247702c0d0p-24, "1.1e-07"},
    {0x1.1666666666666p+2, "4.35"},
    {0x1.5666666666666p+1, "2.675"},
    {0x1.0147ae147ae14p+0, "1.005"},
    {0x1.5c87fb0000000p-84, "7.038531e-26"},
    {0x0.0000000000013p-1022, "9.4e-323"},
    {0x1.0000000000000p+60, "1.152921504606847e+18"},
    {0x1.0000000000000p+63, "9.223372036854776e+18"},
    {0x1.0000000000000p+64, "1.8446744073709552e+19"},
    {-0x1.edd2f1a9fbe77p+6, "-123.456"},
    {0x1.a36e2eb1c432dp-15, "5e-05"},
    {0x1.6666666666666p-2, "0.35"},
    {-0x1.1494c73cf256dp-549, "-5.862934157746517e-166"},
    {-0x1.b5fab8f4d3e27p-586, "-6.755169406197105e-177"},
    {-0x1.de805ec99108dp-896, "-3.5380761386066333e-270"},
    {0x1.b48767734d7c1p-197, "8.489144226760342e-60"},
    {-0x1.445508201e2bdp-593, "-3.9080725189585096e-179"},
    {0x1.d6b79965eda32p-246, "1.6260771785726701e-74"},
    {-0x1.c69292f45e678p-803, "-3.328715879838952e-242"},
    {0x1.b9e86830c71c2p-99, "2.723467332389113e-30"},
    {-0x1.c67eda13ffe79p-557, "-3.7634144828029947e-168"},
    {0x1.91425cb008853p-261, "4.2301541954837196e-79"},
    {0x1.3edc618187993p-218, "2.9568016839924416e-66"},
    {0x1.caf9c4dabb481p-443, "7.893354548061464e-134"},
    {-0x1.7d15f17362f25p-865, "-6.0511296129096725e-261"},
    {-0x1.ff9c0cf44dd3fp-449, "-1.374771889849229e-135"},
    {-0x1.b7f62b1852f27p-473, "-7.046717376279707e-143"},
    {-0x1.e86cb0ab8ab67p-633, "-5.352667702512672e-191"},
    {0x1.abd72fb710734p-425, "1.928829517322969e-128"},
    {0x1.778aaf6fa5db8p-192, "2.3370019820272058e-58"},
    {-0x1.99753a7677796p-45, "-4.545896140860994e-14"},
    {-0x1.b0d389d95847ep-409, "-1.278808376866442e-123"},
    {-0x1.558a628518867p-519, "-7.773821756658801e-157"},
    {-0x1.a65d003d71684p-689, "-6.423610230875764e-208"},
    {0x1.b938b8743feb6p-765, "8.88116792998917e-231"},
    {0x1.08a650f3ebdd3p-877, "1.0259476444142278e-264"},
    {-0x1.b2b8f30b17d0bp-493, "-6.640247233224955e-149"},
    {-0x1.092253deffa38p-615, "-7.616900394922395e-186"},
    {-0x1.21cc007b37e14p-908, "-5.231397021512399e-274"},
    {0x1.7f61376c468aep-711, "1.3901520025176962e-214"},
    {-0x1.91e2370c6a5b8p-651, "-1.6800925191972358e-196"},
    {0x1.094ead7a94dedp-223, "7.688121853400444e-68"},
    {INFINITY, "null"},
    {-INFINITY, "null"},
    {NAN, "null"},
};

START_TEST(doubles_are_those_of_python)
{
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        ck_assert_str_eq(double_text(doubles[i].value), doubles[i].text);
    forget();
}
END_TEST

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int digits_of(const char *text)
{
    char digits[32];
    int n = 0, first = -1, last = 0;
    for (; *text && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9')
            digits[n++] = *text;
    for (int i = 0; i < n; i++)
        if (digits[i] != '0') {
            first = first < 0 ? i : first;
            last = i;
        }
    return first < 0 ? 1 : last - first + 1;
}

/* Reads back; a digit less would not; of as many digits it is the nearest, where that reads back.
 */
static void judge(double value)
{
    char other[64];
    const char *text = double_text(value);
    double back = strtod(text, NULL);
    if (memcmp(&back, &value, sizeof back) != 0)
        ck_abort_msg("%a became %s", value, text);
    int n = digits_of(text);
    if (n > 1) {
        snprintf(other, sizeof other, "%.*e", n - 2, value);
        if (strtod(other, NULL) == value)
            ck_abort_msg("%s is longer than %s", text, other);
    }
    snprintf(other, sizeof other, "%.*e", n - 1, value);
    double nearest = strtod(other, NULL);
    if (nearest == value) {
        char ours[64];
        snprintf(ours, sizeof ours, "%.*e", n - 1, back);
        UNIT_MUST(strcmp(ours, other) == 0);
    }
    arena_reset(&arena);
}

START_TEST(doubles_of_any_bits_read_back)
{
    for (int i = 0; i < 100000; i++) {
        double value = double_of(next_random());
        if (isfinite(value))
            judge(value);
    }
    forget();
}
END_TEST

/* Each exponent, at its ends and beside them, where intervals are not of one width. */
START_TEST(doubles_at_powers_of_two_read_back)
{
    for (uint64_t exponent = 0; exponent < 2047; exponent++)
        for (int64_t near = -3; near <= 3; near++) {
            uint64_t bits = (exponent << 52) + (uint64_t)near;
            if (exponent || near >= 0)
                judge(double_of(bits));
        }
    forget();
}
END_TEST

START_TEST(doubles_with_few_digits_read_back)
{
    static const double powers[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e9, 1e12, 1e22};
    for (int i = 0; i < 50000; i++) {
        double value = (double)(next_random() >> (next_random() % 64));
        double power = powers[next_random() % (sizeof powers / sizeof *powers)];
        judge(value / power);
        judge(-value * power);
    }
    forget();
}
END_TEST

/* Make a locale whose decimal point is a comma; false where that cannot be had. */
static bool make_comma(const char *dir)
{
    static const char source[] = "LC_CTYPE\ncopy \"POSIX\"\nEND LC_CTYPE\n"
                                 "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\n"
                                 "grouping 3;3\nEND LC_NUMERIC\n";
    char path[128], locale[128];
    snprintf(path, sizeof path, "%s/source", dir);
    snprintf(locale, sizeof locale, "%s/comma", dir);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(source, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execlp("localedef", "localedef", "-c", "-i", path, "-f", "UTF-8", locale, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    setenv("LOCPATH", dir, 1);
    return setlocale(LC_NUMERIC, "comma") && strcmp(localeconv()->decimal_point, ",") == 0;
}

static void remove_tree(const char *dir)
{
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", dir, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(a_locale_with_a_comma_changes_nothing)
{
    const char *tmp = getenv("TMPDIR");
    char dir[96];
    snprintf(dir, sizeof dir, "%s/json-write.XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    if (make_comma(dir)) {
        char text[16];
        snprintf(text, sizeof text, "%g", 1.5);
        ck_assert_str_eq(text, "1,5");
        for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
            ck_assert_str_eq(double_text(doubles[i].value), doubles[i].text);
    } else {
        fprintf(stderr, "no locale with a comma could be made: not tried\n");
    }
    remove_tree(dir);
    forget();
}
END_TEST

/* ---- whole numbers ---- */

START_TEST(whole_numbers)
{
    struct buffer out = BUFFER_IN(&arena);
    static const int64_t some[] = {0, 9, 10, 99, 100, 101, -1, -10, 12345, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        json_write_i64(&out, some[i]);
        buffer_add_char(&out, ' ');
    }
    json_write_u64(&out, 0);
    buffer_add_char(&out, ' ');
    json_write_u64(&out, UINT64_MAX);
    ck_assert_str_eq(buffer_text(&out).ptr,
                     "0 9 10 99 100 101 -1 -10 12345 9223372036854775807 -9223372036854775808 "
                     "0 18446744073709551615");
    for (int i = 0; i < 10000; i++) {
        char text[32];
        int64_t value = (int64_t)(next_random() >> (next_random() % 64));
        out.len = 0;
        json_write_i64(&out, value);
        snprintf(text, sizeof text, "%lld", (long long)value);
        UNIT_MUST(strcmp(buffer_text(&out).ptr, text) == 0);
    }
    forget();
}
END_TEST

/* ---- strings ---- */

#define BAD "\xef\xbf\xbd"

static const struct {
    cgw_str text;
    const char *json;
} strings[] = {
    {CGW_STR(""), "\"\""},
    {{NULL, 0}, "\"\""},
    {CGW_STR("plain text of more than eight bytes"), "\"plain text of more than eight bytes\""},
    {CGW_STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\""},
    {CGW_STR("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\""},
    {CGW_STR("\0\1\x0b\x1f\x7f"), "\"\\u0000\\u0001\\u000b\\u001f\x7f\""},
    {CGW_STR("12345678\n12345678\n"), "\"12345678\\n12345678\\n\""},
    {CGW_STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
    {CGW_STR("\xe2\x80\xa8\xe2\x80\xa9"), "\"\xe2\x80\xa8\xe2\x80\xa9\""},
    {CGW_STR("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"),
     "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\""},
    {CGW_STR("\x80"), "\"" BAD "\""},
    {CGW_STR("a\xff"
             "b"),
     "\"a" BAD "b\""},
    {CGW_STR("\xc0\xaf"), "\"" BAD BAD "\""},
    {CGW_STR("\xe0\x80\xaf"), "\"" BAD BAD BAD "\""},
    {CGW_STR("\xed\xa0\x80"), "\"" BAD BAD BAD "\""},
    {CGW_STR("\xf4\x90\x80\x80"), "\"" BAD BAD BAD BAD "\""},
    {CGW_STR("\xf5"), "\"" BAD "\""},
    {CGW_STR("\xe2\x82"), "\"" BAD "\""},
    {CGW_STR("\xf0\x9f\x98"
             "x"),
     "\"" BAD "x\""},
    {CGW_STR("\xe2\x82\n"), "\"" BAD "\\n\""},
    {CGW_STR("\xc3\xa9\xc3"), "\"\xc3\xa9" BAD "\""},
};

START_TEST(strings_are_escaped)
{
    cgw_str json = string_text(strings[_i].text);
    ck_assert_str_eq(json.ptr, strings[_i].json);
    ck_assert_uint_eq(json.len, strlen(strings[_i].json));
    forget();
}
END_TEST

/* One byte that is not plain, at each place of a run, is found, and nothing else is. */
START_TEST(runs_end_where_they_should)
{
    for (unsigned c = 0; c < 256; c++)
        for (size_t at = 0; at < 20; at++) {
            char text[20], expected[32];
            memset(text, 'x', sizeof text);
            text[at] = (char)c;
            cgw_str one = string_text((cgw_str){text + at, 1});
            int n = snprintf(expected, sizeof expected, "\"%.*s%.*s%.*s\"", (int)at, text,
                             (int)one.len - 2, one.ptr + 1, (int)(19 - at), text + at + 1);
            cgw_str json = string_text((cgw_str){text, sizeof text});
            ck_assert_uint_eq(json.len, (size_t)n);
            ck_assert_mem_eq(json.ptr, expected, json.len);
            arena_reset(&arena);
        }
    forget();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("json_write");
    TCase *c = tcase_create("json_write");
    tcase_add_test(c, doubles_are_those_of_python);
    tcase_add_test(c, doubles_of_any_bits_read_back);
    tcase_add_test(c, doubles_at_powers_of_two_read_back);
    tcase_add_test(c, doubles_with_few_digits_read_back);
    tcase_add_test(c, a_locale_with_a_comma_changes_nothing);
    tcase_add_test(c, whole_numbers);
    tcase_add_loop_test(c, strings_are_escaped, 0, sizeof strings / sizeof *strings);
    tcase_add_test(c, runs_end_where_they_should);
    tcase_set_timeout(c, 60);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
