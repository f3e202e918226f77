/* Options of processes and development: C files, lists, and what they do to others. */
#include "options_start.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define FILE_NAME "check_options_process.conf"
const char *const start_file = FILE_NAME;

/* C files may be several, lists are gathered; those of one source replace a weaker one's. */
START_TEST(lists_and_sources)
{
    static const struct {
        struct start start;
        const char *module, *sources, *dirs; /* separated by commas */
    } cases[] = {
        {{{"a.so"}, {NULL}, NULL}, "a.so", "", ""},
        {{{"a.c"}, {NULL}, NULL}, "a.c", "a.c", ""},
        {{{"a.c", "b/b.c", "--reload"}, {NULL}, NULL}, "a.c", "a.c,b/b.c", ""},
        {{{"a.c", "b.c"}, {"CGW_MODULE=e.c"}, NULL}, "a.c", "a.c,b.c", ""},
        {{{"a.so"}, {"CGW_MODULE=e.c"}, NULL}, "a.so", "", ""},
        {{{"--port=1"}, {"CGW_MODULE=e.c"}, NULL}, "e.c", "e.c", ""},
        {{{"a.c", "--reload-dir", "x, y", "--reload-dir=z"}, {NULL}, NULL}, "a.c", "a.c", "x,y,z"},
        {{{"a.c", "--reload-dir", "x"}, {"CGW_RELOAD_DIR=y,z"}, NULL}, "a.c", "a.c", "x"},
        {{{"a.so", "--config", FILE_NAME}, {NULL}, "reload-dir = x\nreload-dir = y"},
         "a.so",
         "",
         "x,y"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct run run;
        const struct settings *s = start_is_taken(&cases[i].start, &run);
        const struct settings_list *lists[] = {&s->sources, &s->reload_dirs};
        const char *wanted[] = {cases[i].sources, cases[i].dirs};
        ck_assert_str_eq(s->module, cases[i].module);
        for (size_t j = 0; j < 2; j++) {
            char text[128] = "";
            for (size_t k = 0; k < lists[j]->n; k++) {
                size_t n = strlen(text);
                snprintf(text + n, sizeof(text) - n, "%s%s", k ? "," : "", lists[j]->items[k]);
            }
            ck_assert_str_eq(text, wanted[j]);
        }
        start_end(&run);
    }
}
END_TEST

/* Who reloads wants no long grace, unless it was chosen. */
START_TEST(reload_shortens_the_grace)
{
    static const struct {
        struct start start;
        uint32_t ms;
    } cases[] = {
        {{{"a.so"}, {NULL}, NULL}, 30000},
        {{{"a.so", "--reload"}, {NULL}, NULL}, 1000},
        {{{"a.so", "--reload", "--timeout-graceful-shutdown", "5"}, {NULL}, NULL}, 5000},
        {{{"a.so", "--reload"}, {"CGW_TIMEOUT_GRACEFUL_SHUTDOWN=6"}, NULL}, 6000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct run run;
        const struct settings *s = start_is_taken(&cases[i].start, &run);
        ck_assert_uint_eq(s->timeout_graceful_shutdown_ms, cases[i].ms);
        start_end(&run);
    }
}
END_TEST

/* Each wrong word names itself and says what is taken. */
START_TEST(wrong_words)
{
    static const struct {
        struct start start;
        const char *said;
    } cases[] = {
        {{{"a.c", "b.so"}, {NULL}, NULL}, "MODULE.so: got a second one, \"b.so\", takes one"},
        {{{"a.so", "b.c"}, {NULL}, NULL}, "MODULE.so: got a second one, \"b.c\", takes one"},
        {{{"a.c", "--build", "make"}, {NULL}, NULL}, "--build: makes a shared object"},
        {{{"a", "--workers", "0"}, {NULL}, NULL}, "takes auto, or a number from 1 to 64"},
        {{{"a", "--workers", "65"}, {NULL}, NULL}, "takes auto, or a number from 1 to 64"},
        {{{"a", "--reload-dir", "x,,y"}, {NULL}, NULL}, "takes items with commas between"},
        {{{"a", "--reload-dir="}, {NULL}, NULL}, "takes items with commas between"},
        {{{"a", "--metrics", "9100"}, {NULL}, NULL}, "takes HOST:PORT, unix:PATH, or the /PATH"},
        {{{"a", "--metrics", "::1:9100"}, {NULL}, NULL}, "takes HOST:PORT"},
        {{{"a", "--metrics", "h:65536"}, {NULL}, NULL}, "takes HOST:PORT"},
        {{{"a", "--metrics", "unix:"}, {NULL}, NULL}, "takes HOST:PORT"},
        {{{"a", "--metrics", "/a?b"}, {NULL}, NULL}, "takes HOST:PORT"},
        {{{"a", "--debug", "--debug-address", "/tasks"}, {NULL}, NULL}, "takes HOST:PORT or"},
        {{{"a", "--debug", "--debug-address", "9101"}, {NULL}, NULL}, "takes HOST:PORT or"},
        {{{"a", "--debug-address", ":1"}, {NULL}, NULL}, "--debug-address: is there with --debug"},
        {{{"a", "--user="}, {NULL}, NULL}, "takes a text"},
        {{{"a", "--build="}, {NULL}, NULL}, "takes a text"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct run run;
        start_run(&cases[i].start, &run);
        ck_assert_int_eq(run.exit, 2);
        ck_assert_msg(strstr(run.err, cases[i].said) != NULL, "%s", run.err);
        start_end(&run);
    }
}
END_TEST

START_TEST(metrics_addresses)
{
    static const char *const good[] = {"127.0.0.1:0", "[::1]:9100",  ":9100",
                                       "localhost:1", "unix:/run/x", "/metrics"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct start start = {{"a.so", "--metrics", good[i]}, {NULL}, NULL};
        struct run run;
        ck_assert_str_eq(start_is_taken(&start, &run)->metrics, good[i]);
        start_end(&run);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("options_process");
    TCase *tcase = tcase_create("options_process");
    tcase_add_test(tcase, lists_and_sources);
    tcase_add_test(tcase, reload_shortens_the_grace);
    tcase_add_test(tcase, wrong_words);
    tcase_add_test(tcase, metrics_addresses);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
