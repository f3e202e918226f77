/* What a dying worker's clients get: an answer, a reset, or nothing, by the byte of their socket.
 */
#include "net/last_words.h"
#include "unit.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
    int server, client;
};

static struct pair connect_pair(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&at, sizeof at), 0);
    struct pair pair = {.server = accept(listener, NULL, NULL), .client = client};
    close(listener);
    ck_assert_int_ge(pair.server, 0);
    return pair;
}

/* All that the client gets; -1 where it ends in a reset. */
static ssize_t read_all(int fd, char *dst, size_t room)
{
    size_t len = 0;
    ssize_t got;
    memset(dst, 0, room);
    while ((got = recv(fd, dst + len, room - 1 - len, 0)) > 0)
        len += (size_t)got;
    return got < 0 ? -1 : (ssize_t)len;
}

static struct pair pair_of(enum last_words state)
{
    struct pair pair = connect_pair();
    ck_assert_int_eq(last_words_init(), 0);
    last_words_set(pair.server, state);
    return pair;
}

START_TEST(who_waits_is_answered_once)
{
    char text[1000];
    uint32_t told, reset;
    struct pair pair = pair_of(LAST_WORDS_WAITS);
    last_words_say(true, &told, &reset);
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(reset, 0);
    ck_assert_int_gt(read_all(pair.client, text, sizeof text), 0);
    ck_assert_ptr_eq(strstr(text, "HTTP/1.1 502 Bad Gateway\r\n"), text);
    ck_assert_ptr_nonnull(strstr(text, "\r\nconnection: close\r\n"));
    ck_assert_str_eq(strstr(text, "\r\n\r\n"), "\r\n\r\nBad Gateway\n");
    last_words_say(true, &told, &reset);
    ck_assert_uint_eq(told + reset, 0);
}
END_TEST

START_TEST(head_gets_no_body)
{
    char text[1000];
    uint32_t told, reset;
    struct pair pair = pair_of(LAST_WORDS_WAITS_HEAD);
    last_words_say(true, &told, &reset);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_gt(read_all(pair.client, text, sizeof text), 0);
    ck_assert_ptr_nonnull(strstr(text, "\r\ncontent-length: 12\r\n"));
    ck_assert_str_eq(strstr(text, "\r\n\r\n"), "\r\n\r\n");
}
END_TEST

START_TEST(inside_a_response_nothing_is_said)
{
    char text[1000];
    uint32_t told, reset;
    struct pair pair = pair_of(LAST_WORDS_BROKEN);
    ck_assert_int_eq(send(pair.server, "HTTP/1.1 200 OK\r\n", 17, 0), 17);
    ck_assert_int_eq(recv(pair.client, text, sizeof text, 0), 17);
    last_words_say(true, &told, &reset);
    ck_assert_uint_eq(told, 0);
    ck_assert_uint_eq(reset, 1);
    ck_assert_int_eq(read_all(pair.client, text, sizeof text), -1);
    ck_assert_int_eq(errno, ECONNRESET);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(who_has_asked_nothing_hears_nothing)
{
    char text[10];
    uint32_t told, reset;
    struct pair pair = pair_of(LAST_WORDS_NONE);
    last_words_say(true, &told, &reset);
    ck_assert_uint_eq(told + reset, 0);
    ck_assert_int_eq(recv(pair.client, text, sizeof text, MSG_DONTWAIT), -1);
    ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

START_TEST(who_was_not_read_yet_is_answered)
{
    static const struct {
        const char *request, *end;
    } cases[] = {{"GET / HTTP/1.1\r\n", "Bad Gateway\n"}, {"HEAD / HTTP/1.1\r\n", "\r\n\r\n"}};
    char text[1000];
    uint32_t told, reset;
    for (size_t i = 0; i < 2; i++) {
        struct pair pair = pair_of(LAST_WORDS_IDLE), idle = pair_of(LAST_WORDS_IDLE);
        size_t len = strlen(cases[i].request), end = strlen(cases[i].end);
        ck_assert_int_eq(send(pair.client, cases[i].request, len, 0), (ssize_t)len);
        last_words_say(true, &told, &reset);
        ck_assert_uint_eq(told, 1);
        ck_assert_uint_eq(reset, 0);
        close(pair.server);
        ssize_t got = read_all(pair.client, text, sizeof text);
        ck_assert_int_gt(got, (ssize_t)end);
        ck_assert_str_eq(text + (size_t)got - end, cases[i].end);
        ck_assert_int_eq(recv(idle.client, text, sizeof text, MSG_DONTWAIT), -1);
        ck_assert_int_eq(errno, EAGAIN);
        last_words_set(pair.server, LAST_WORDS_NONE);
        last_words_set(idle.server, LAST_WORDS_NONE);
    }
}
END_TEST

/* The loop's thread still runs: it may be about to answer. */
START_TEST(without_a_standstill_nobody_is_answered)
{
    char text[1000];
    uint32_t told, reset;
    struct pair pair = pair_of(LAST_WORDS_WAITS);
    last_words_say(false, &told, &reset);
    ck_assert_uint_eq(told, 0);
    ck_assert_uint_eq(reset, 1);
    ck_assert_int_eq(read_all(pair.client, text, sizeof text), -1);
}
END_TEST

/* close(2) over bytes that were not read is a reset, which takes the answer with it. */
START_TEST(an_upload_does_not_cost_the_answer)
{
    static char text[100000];
    uint32_t told, reset;
    struct pair pair = pair_of(LAST_WORDS_WAITS);
    ck_assert_int_eq(send(pair.client, text, 30000, 0), 30000);
    last_words_say(true, &told, &reset);
    ck_assert_int_eq(send(pair.client, text, 20000, 0), 20000);
    last_words_drain();
    close(pair.server);
    ck_assert_int_gt(read_all(pair.client, text, sizeof text), 0);
    ck_assert_ptr_eq(strstr(text, "HTTP/1.1 502 "), text);
}
END_TEST

START_TEST(many_are_told_at_once)
{
    enum { PAIRS = 150 };
    struct pair pairs[PAIRS];
    char text[1000];
    uint32_t told, reset;
    for (int i = 0; i < PAIRS; i++)
        pairs[i] = pair_of(i % 3 == 0   ? LAST_WORDS_WAITS
                           : i % 3 == 1 ? LAST_WORDS_NONE
                                        : LAST_WORDS_BROKEN);
    last_words_say(true, &told, &reset);
    ck_assert_uint_eq(told, PAIRS / 3);
    ck_assert_uint_eq(reset, PAIRS / 3);
    for (int i = 0; i < PAIRS; i += 3)
        ck_assert_int_gt(read_all(pairs[i].client, text, sizeof text), 100);
}
END_TEST

START_TEST(numbers_out_of_range_are_nobodys)
{
    ck_assert_int_eq(last_words_init(), 0);
    last_words_set(-1, LAST_WORDS_WAITS);
    last_words_set((int)last_words_n, LAST_WORDS_WAITS);
    ck_assert_int_eq(last_words_get(-1), LAST_WORDS_NONE);
    ck_assert_int_eq(last_words_get((int)last_words_n), LAST_WORDS_NONE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("last_words");
    TCase *tests = tcase_create("last_words");
    tcase_add_test(tests, who_waits_is_answered_once);
    tcase_add_test(tests, head_gets_no_body);
    tcase_add_test(tests, inside_a_response_nothing_is_said);
    tcase_add_test(tests, who_has_asked_nothing_hears_nothing);
    tcase_add_test(tests, who_was_not_read_yet_is_answered);
    tcase_add_test(tests, without_a_standstill_nobody_is_answered);
    tcase_add_test(tests, an_upload_does_not_cost_the_answer);
    tcase_add_test(tests, many_are_told_at_once);
    tcase_add_test(tests, numbers_out_of_range_are_nobodys);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
