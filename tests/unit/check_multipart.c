/* multipart/form-data, row 176 of the behaviours: what each body means, cut at each place. */
#include "form_play.h"
#include "unit.h"

#define CD   "Content-Disposition: form-data; name="
#define CT   "Content-Type: text/plain"
#define END  "\r\n"
#define NEXT "--B" END
#define LAST "--B--" END

static const struct {
    const char *body;
    const char
        *trace; /* of form_play.h: parts end in '|', the form in '.', an error begins with '!' */
} rows[] = {
    {NEXT CD "\"a\"" END END "1" END LAST, "a=1|."},
    {NEXT CD "a" END END "1" END NEXT CD "a" END END "2" END LAST, "a=1|a=2|."},
    {LAST, "."},
    {"--B--", "."},
    {NEXT CD "\"a\"" END END END LAST, "a=|."},
    /* the line's end behind the head is that of the delimiter: RFC 2046, 5.1.1 */
    {NEXT CD "\"a\"" END END LAST, "a=|."},
    {NEXT CD "\"f\"; filename=\"x.txt\"" END CT END END "x\r\ny" END LAST,
     "@f(x.txt,text/plain)=x<0d><0a>y|."},
    /* preamble, epilogue, blanks behind the boundary */
    {"to whom --B it may\r\nconcern\r\n--" END NEXT CD "a" END END "1" END "--B-- \t" END "--B x",
     "a=1|."},
    {"--B \t " END CD "a" END END "1" END LAST, "a=1|."},
    /* what looks like a delimiter and is none */
    {NEXT CD "a" END END "\r\n\r\r\n-\r\n--\r\n--A\n--B--\r--B" END LAST,
     "a=<0d><0a><0d><0d><0a>-<0d><0a>--<0d><0a>--A<0a>--B--<0d>--B|."},
    {NEXT CD "a" END END "\r\r\r\n--B--", "a=<0d><0d>|."},
    /* what ends too early */
    {"", "!it ends before its last boundary"},
    {"--", "!it ends before its last boundary"},
    {"no form", "!it ends before its last boundary"},
    {NEXT, "!it ends before its last boundary"},
    {NEXT CD "a" END, "!it ends before its last boundary"},
    {NEXT CD "a" END END "12", "a=12!it ends before its last boundary"},
    {NEXT CD "a" END END "12" END "--B", "a=12|!it ends before its last boundary"},
    {NEXT CD "a" END END "12" END "--B-", "a=12|!it ends before its last boundary"},
    /* lines that end otherwise, and what else two readers might cut differently */
    {"--B\n" CD "a\n\n1\n--B--\n", "!a boundary is followed by something else"},
    {"--BB" END CD "a" END END "1" END LAST, "!a boundary is followed by something else"},
    {"--B\rx", "!the line of a boundary does not end in CR LF"},
    {"--B-x", "!a boundary is followed by something else"},
    {NEXT CD "a\n" END END "1" END LAST, "!a header line of a part does not end in CR LF"},
    {NEXT CD "a" END "X: 1\n" END END "1" END LAST,
     "!a header line of a part does not end in CR LF"},
    {NEXT CD "a" END " folded" END END "1" END LAST, "!a header line of a part is malformed"},
    {NEXT CD "a" END "X : 1" END END "1" END LAST, "!a header line of a part is malformed"},
    {NEXT CD "a" END "X" END END "1" END LAST, "!a header line of a part is malformed"},
    {NEXT CD "a" END ": 1" END END "1" END LAST, "!a header line of a part is malformed"},
    {NEXT CD "a" END "X: \r1" END END "1" END LAST, "!a header line of a part is malformed"},
    {NEXT CD "a" END "X: \1" END END "1" END LAST, "!a header line of a part is malformed"},
    {NEXT CD "a" END CD "b" END END "1" END LAST, "!a part has a header line twice"},
    {NEXT CD "a" END "Content-Transfer-Encoding: base64" END END "MQ==" END LAST,
     "!a part has a Content-Transfer-Encoding"},
    {NEXT CD "a" END "Content-Transfer-Encoding: BINARY" END END "1" END LAST, "a=1|."},
    /* names */
    {NEXT END "1" END LAST, "!a part has no Content-Disposition"},
    {NEXT "X: 1" END END "1" END LAST, "!a part has no Content-Disposition"},
    {NEXT "Content-Disposition: form-data" END END "1" END LAST,
     "!the Content-Disposition of a part has no name"},
    {NEXT "Content-Disposition: form-data; filename=x" END END "1" END LAST,
     "!the Content-Disposition of a part has no name"},
    {NEXT "Content-Disposition: attachment; name=a" END END "1" END LAST,
     "!the Content-Disposition of a part is not form-data"},
    {NEXT "CONTENT-disposition:Form-Data ;Name=a ; other=\"x;y\";" END END "1" END LAST, "a=1|."},
    {NEXT CD "\"\"" END END "1" END LAST, "=1|."},
    {NEXT CD END END "1" END LAST, "!the Content-Disposition of a part is malformed"},
    {NEXT CD "\"a" END END "1" END LAST, "!the Content-Disposition of a part is malformed"},
    {NEXT CD "\"a\" b" END END "1" END LAST, "!the Content-Disposition of a part is malformed"},
    {NEXT CD "a; name=b" END END "1" END LAST, "!a part says its name, or file name, twice"},
    {NEXT CD "a; filename=x; filename=y" END END "1" END LAST,
     "!a part says its name, or file name, twice"},
    /* escapes: of browsers, of RFC 2616's time; a path keeps its backslashes */
    {NEXT CD "\"a%22b%0d%0A%41%\"" END END "1" END LAST, "a\"b<0d><0a>%41%=1|."},
    {NEXT CD "\"a\\\"b\\\\c\\d\"" END END "1" END LAST, "a\"b\\c\\d=1|."},
    {NEXT CD "f; filename=\"C:\\temp\\x.txt\"" END END "1" END LAST, "@f(C:\\temp\\x.txt,)=1|."},
    {NEXT CD "f; filename=\"\xc3\xa4\xff\"" END END "1" END LAST, "@f(<c3><a4><ff>,)=1|."},
    {NEXT CD "f; filename=\"\"" END END END LAST, "@f(,)=|."},
    /* filename* wins, wherever it stands: RFC 6266, 4.3 */
    {NEXT CD "f; filename=x; filename*=utf-8'de'%c3%a4;" END END "1" END LAST, "@f(<c3><a4>,)=1|."},
    {NEXT CD "f; filename*=ISO-8859-1''%e4%27; filename=x" END END "1" END LAST,
     "@f(<e4>',,latin1)=1|."},
    {NEXT CD "f; filename*=koi8-r''x" END END "1" END LAST,
     "!the filename* of a part has an unknown charset"},
    {NEXT CD "f; filename*=utf-8'x" END END "1" END LAST, "!the filename* of a part is malformed"},
    {NEXT CD "f; filename*=utf-8''%4" END END "1" END LAST,
     "!the filename* of a part is malformed"},
    {NEXT CD "f; filename*=\"utf-8''x\"" END END "1" END LAST,
     "!the filename* of a part is malformed"},
    {NEXT CD "f; filename*0=x" END END "1" END LAST, "!the file name of a part comes in pieces"},
};

static void compare(size_t row, cgw_str body, size_t first, size_t len)
{
    struct play play;
    play_form(&play, "B", body, first, len);
    if (strcmp(play.trace, rows[row].trace) != 0)
        ck_abort_msg("row %zu, cut at %zu, then each %zu bytes: %s, not %s", row, first, len,
                     play.trace, rows[row].trace);
}

START_TEST(means_the_same_wherever_it_is_cut)
{
    cgw_str body = {rows[_i].body, strlen(rows[_i].body)};
    for (size_t first = 0; first <= body.len; first++)
        compare((size_t)_i, body, first, body.len + 1);
    for (size_t len = 1; len < 8; len++)
        compare((size_t)_i, body, len, len);
}
END_TEST

START_TEST(takes_any_bytes)
{
    char body[2000] = NEXT CD "f; filename=x" END END;
    size_t head = strlen(body), n = 0;
    struct play whole, cut;
    for (unsigned c = 0; c < 3 * 256; c++)
        body[head + n++] = (char)(c * 7);
    memcpy(body + head + n, END LAST, sizeof(END LAST) - 1);
    cgw_str all = {body, head + n + sizeof(END LAST) - 1};
    play_form(&whole, "B", all, all.len, all.len);
    ck_assert_ptr_nonnull(strstr(whole.trace, "=<00><07><0e>"));
    ck_assert_str_eq(whole.trace + whole.len - 2, "|.");
    for (size_t i = 0; i <= all.len; i++) {
        play_form(&cut, "B", all, i, 5);
        UNIT_MUST(strcmp(cut.trace, whole.trace) == 0);
    }
}
END_TEST

START_TEST(limits_the_head_of_a_part)
{
    char body[1000];
    struct play play;
    for (int n = 100; n < 400; n++) {
        int len =
            snprintf(body, sizeof(body), NEXT CD "a" END "X: %0*d" END END "1" END LAST, n, 1);
        size_t head = strlen(CD "a" END "X: " END END) + (size_t)n;
        for (size_t first = 0; first < 20; first++) {
            play_form(&play, "B", (cgw_str){body, (size_t)len}, first * 20, 7);
            const char *want = head <= PLAY_HEAD ? "a=1|." : "!the header of a part is too large";
            UNIT_MUST(strcmp(play.trace, want) == 0);
        }
    }
}
END_TEST

START_TEST(limits_the_lines_of_a_head)
{
    static const char line[] = "X: 1" END;
    char text[1000] = CD "a" END, spare[1000];
    size_t len = strlen(text);
    struct multipart_head head;
    for (int i = 1; i <= MULTIPART_HEADERS_MAX; i++, len += sizeof(line) - 1)
        memcpy(text + len, line, sizeof(line));
    ck_assert_ptr_null(multipart_head_read(&head, text, len - sizeof(line) + 1, spare));
    ck_assert_uint_eq(head.n_headers, MULTIPART_HEADERS_MAX);
    ck_assert_str_eq(multipart_head_read(&head, text, len, spare),
                     "a part has too many header lines");
}
END_TEST

START_TEST(leaves_headers_as_they_came)
{
    char text[] = "Content-Disposition: form-data; name=\"a%22\"" END "X-Thing:  b\t" END,
         spare[64];
    struct multipart_head head;
    ck_assert_ptr_null(multipart_head_read(&head, text, sizeof(text) - 1, spare));
    ck_assert_uint_eq(head.n_headers, 2);
    ck_assert_mem_eq(head.headers[0].value.ptr, "form-data; name=\"a%22\"", 22);
    ck_assert_mem_eq(head.headers[1].name.ptr, "x-thing", head.headers[1].name.len);
    ck_assert_mem_eq(head.headers[1].value.ptr, "b", head.headers[1].value.len);
    ck_assert_mem_eq(head.name.ptr, "a\"", head.name.len);
}
END_TEST

#define FULL "123456789012345678901234567890123456789012345678901234567890123456789_"

static const struct {
    const char *type, *boundary; /* NULL: none that is one */
} boundaries[] = {
    {"multipart/form-data; boundary=B", "B"},
    {"multipart/form-data;charset=utf-8;BOUNDARY=\"a b:c\"", "a b:c"},
    {"multipart/form-data; boundary=----WebKitFormBoundaryX1", "----WebKitFormBoundaryX1"},
    {"multipart/form-data; boundary=" FULL, FULL},
    {"multipart/form-data; boundary=" FULL "x", NULL},
    {"multipart/form-data", NULL},
    {"multipart/form-data; boundary=", NULL},
    {"multipart/form-data; boundary=\"\"", NULL},
    {"multipart/form-data; boundary=\"a \"", NULL},
    {"multipart/form-data; boundary=\"a", NULL},
    {"multipart/form-data; boundary=\"\xc3\xa4\"", NULL},
    {"multipart/form-data; boundary=a; boundary=b", NULL},
    {"multipart/form-data boundary=a", NULL},
};

START_TEST(finds_the_boundary)
{
    char text[MULTIPART_BOUNDARY_MAX];
    cgw_str boundary, type = {boundaries[_i].type, strlen(boundaries[_i].type)};
    bool is_there = multipart_boundary(type, &boundary, text);
    ck_assert_int_eq(is_there, boundaries[_i].boundary != NULL);
    if (is_there) {
        ck_assert_uint_eq(boundary.len, strlen(boundaries[_i].boundary));
        ck_assert_mem_eq(boundary.ptr, boundaries[_i].boundary, boundary.len);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("multipart");
    TCase *tests = tcase_create("multipart");
    tcase_add_loop_test(tests, means_the_same_wherever_it_is_cut, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, takes_any_bytes);
    tcase_add_test(tests, limits_the_head_of_a_part);
    tcase_add_test(tests, limits_the_lines_of_a_head);
    tcase_add_test(tests, leaves_headers_as_they_came);
    tcase_add_loop_test(tests, finds_the_boundary, 0, sizeof(boundaries) / sizeof(boundaries[0]));
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
