/* UUIDs: what is taken, what is written, and what is said of the rest, beside pydantic 2. */
#include "model/uuid.h"
#include "unit.h"
#include <string.h>

#define GOOD "12345678-1234-5678-1234-567812345678"

static cgw_str text_of(const char *text)
{
    return (cgw_str){text, strlen(text)};
}

static const char *const taken[] = {
    GOOD,
    "12345678123456781234567812345678",
    ("{" GOOD "}"),
    ("urn:uuid:" GOOD),
};

START_TEST(takes_each_form)
{
    cgw_uuid uuid;
    char text[CGW_UUID_LEN + 1], error[UUID_ERROR_BYTES];
    ck_assert_int_eq(uuid_read(text_of(taken[_i]), &uuid, error), CGW_OK);
    ck_assert_uint_eq(cgw_uuid_format(&uuid, text), CGW_UUID_LEN);
    ck_assert_str_eq(text, GOOD);
}
END_TEST

START_TEST(takes_either_case)
{
    cgw_uuid uuid;
    char text[CGW_UUID_LEN + 1];
    ck_assert_int_eq(cgw_uuid_parse(text_of("ABCDEF01-2345-6789-abcd-EFabcdefABCD"), &uuid),
                     CGW_OK);
    cgw_uuid_format(&uuid, text);
    ck_assert_str_eq(text, "abcdef01-2345-6789-abcd-efabcdefabcd");
}
END_TEST

static const struct {
    const char *text, *error;
} refused[] = {
    {"", "invalid length: expected length 32 for simple format, found 0"},
    {"0123456789abcdef", "invalid length: expected length 32 for simple format, found 16"},
    {"URN:UUID:" GOOD, "invalid character: found `U` at 1"},
    {"not-a-uuid", "invalid character: found `n` at 1"},
    {"12345678-1234-5678-1234-56781234567",
     "invalid group length in group 4: expected 12, found 11"},
    {GOOD "0", "invalid group length in group 4: expected 12, found 13"},
    {"123456781234-5678-1234-567812345678", "invalid group count: expected 5, found 4"},
    {"12345678-1234-5678-1234-56781234567g", "invalid character: found `g` at 36"},
    {"12345678-1234-5678-12345-67812345678",
     "invalid group length in group 3: expected 4, found 5"},
    {"----aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "invalid group length in group 0: expected 8, found 0"},
    {"1-2-3-4-5", "invalid group length in group 0: expected 8, found 1"},
    {"1234-", "invalid group count: expected 5, found 2"},
    {"------------------------------------", "invalid group count: expected 5, found 37"},
    {"{12345678123456781234567812345678}", "invalid group count: expected 5, found 1"},
    {"{" GOOD, "invalid character: found `{` at 1"},
    {GOOD "}", "invalid character: found `}` at 37"},
    {"urn:uuid:{" GOOD "}", "invalid character: found `{` at 10"},
    {"urn:uuid:", "invalid group count: expected 5, found 1"},
    {"{g}", "invalid character: found `g` at 2"},
    {"{12345678-1234-5678-1234-56781234567g}", "invalid character: found `g` at 36"},
    {"abcd\xc3\xa9"
     "f",
     "invalid character: found `\xc3\xa9` at 5"},
    {"\xf0\x9f\xa6\x80-a", "invalid character: found `\xf0\x9f\xa6\x80` at 1"},
    {" " GOOD, "invalid character: found ` ` at 1"},
    {"ab\xf0", "invalid character: found `\xf0` at 3"},
};

START_TEST(says_what_is_wrong)
{
    cgw_uuid uuid = {{7}};
    char error[UUID_ERROR_BYTES] = "";
    ck_assert_int_eq(uuid_read(text_of(refused[_i].text), &uuid, error), CGW_EINVALID);
    ck_assert_str_eq(error, refused[_i].error);
    ck_assert_uint_eq(uuid.bytes[0], 7);
    ck_assert_int_eq(cgw_uuid_parse(text_of(refused[_i].text), &uuid), CGW_EINVALID);
}
END_TEST

START_TEST(a_nul_does_not_cut_the_error)
{
    cgw_uuid uuid;
    char error[UUID_ERROR_BYTES];
    ck_assert_int_eq(uuid_read((cgw_str){"ab\0c", 4}, &uuid, error), CGW_EINVALID);
    ck_assert_str_eq(error, "invalid character: found `\xef\xbf\xbd` at 3");
}
END_TEST

START_TEST(random_ones_differ_and_say_so)
{
    enum { N = 1000 };
    static cgw_uuid made[N];
    for (int i = 0; i < N; i++) {
        made[i] = cgw_uuid_new();
        ck_assert_uint_eq(made[i].bytes[6] >> 4, 4);
        ck_assert_uint_eq(made[i].bytes[8] >> 6, 2);
        if (i > 0)
            ck_assert_mem_ne(&made[i], &made[i - 1], sizeof made[i]);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("uuid");
    TCase *c = tcase_create("uuid");
    tcase_add_loop_test(c, takes_each_form, 0, sizeof taken / sizeof *taken);
    tcase_add_test(c, takes_either_case);
    tcase_add_loop_test(c, says_what_is_wrong, 0, sizeof refused / sizeof *refused);
    tcase_add_test(c, a_nul_does_not_cut_the_error);
    tcase_add_test(c, random_ones_differ_and_say_so);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
