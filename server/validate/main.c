/*
 * cgw-validate: a hostile host that says in words where an application breaks the rules of abi.h.
 * Every request of every scenario is played in a process of its own, so that a crash is a finding.
 */
#include "base/number.h"
#include "config.h"
#include "validate/play.h"
#include "validate/report.h"
#include "validate/request.h"
#include "validate/script.h"
#include "validate/vcall.h"
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_FINDINGS = 1, EXIT_USAGE = 2, EXIT_LOAD = 3 };

/* Beyond the time that the calls of a child have, it is killed. */
#define CHILD_SECONDS 120

static const char usage[] =
    "usage: cgw-validate [OPTIONS] MODULE.so\n"
    "Play a hostile host against an application and say which rules of cgw-abi(7) it breaks.\n"
    "\n"
    "  --request 'METHOD /PATH [BODY]'  play this request too; may be repeated\n"
    "  --scenario NAME                  play only this scenario; may be repeated\n"
    "  --timeout SECONDS                for a call to finish, and a callback to come back [10]\n"
    "  --blocked-after SECONDS          a callback of an async application may take [2]\n"
    "  --list                           name the scenarios and exit\n"
    "  --verbose                        say what is played, and pass the application's output on\n"
    "  --help                           print this and exit\n"
    "  --version                        print the version and exit\n"
    "\n"
    "Exit status: 0 no findings, 1 findings, 2 usage, 3 the module cannot be loaded or started.\n";

static const char *module;
static bool is_chosen[64];
static bool has_choice;

/* ---- options ---- */

static int complain(const char *option, const char *value, const char *wanted)
{
    fprintf(stderr, "cgw-validate: %s '%s': %s\n", option, value, wanted);
    return EXIT_USAGE;
}

static int choose(const char *name)
{
    const struct script *script;
    for (unsigned i = 0; (script = script_get(i)); i++)
        if (strcmp(script->name, name) == 0) {
            is_chosen[i] = has_choice = true;
            return 0;
        }
    return complain("--scenario", name, "no such scenario; --list names them");
}

static int take_seconds(const char *option, const char *value, uint32_t *ret_ms)
{
    uint64_t ms;
    if (number_duration(str_from(value), 3600000, &ms) < 0 || ms == 0)
        return complain(option, value, "wanted seconds, more than 0 and at most 3600");
    *ret_ms = (uint32_t)ms;
    return 0;
}

static int list(void)
{
    const struct script *script;
    for (unsigned i = 0; (script = script_get(i)); i++)
        printf("%-22s %s\n", script->name, script->about);
    return 0;
}

enum {
    OPTION_REQUEST = 256,
    OPTION_SCENARIO,
    OPTION_TIMEOUT,
    OPTION_BLOCKED,
    OPTION_LIST,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option options[] = {{"request", required_argument, NULL, OPTION_REQUEST},
                                        {"scenario", required_argument, NULL, OPTION_SCENARIO},
                                        {"timeout", required_argument, NULL, OPTION_TIMEOUT},
                                        {"blocked-after", required_argument, NULL, OPTION_BLOCKED},
                                        {"list", no_argument, NULL, OPTION_LIST},
                                        {"verbose", no_argument, NULL, OPTION_VERBOSE},
                                        {"help", no_argument, NULL, OPTION_HELP},
                                        {"version", no_argument, NULL, OPTION_VERSION},
                                        {NULL, 0, NULL, 0}};

/* 0, or the exit status for a value that is wrong. */
static int take_option(int option)
{
    switch (option) {
    case OPTION_REQUEST:
        return request_add(optarg) < 0
                   ? complain("--request", optarg, "wanted 'METHOD /path [body]'")
                   : 0;
    case OPTION_SCENARIO:
        return choose(optarg);
    case OPTION_TIMEOUT:
        return take_seconds("--timeout", optarg, &vcall_settings.timeout_ms);
    case OPTION_BLOCKED:
        return take_seconds("--blocked-after", optarg, &vcall_settings.blocked_ms);
    case OPTION_VERBOSE:
        vcall_settings.is_verbose = true;
        return 0;
    default:
        fputs("Try cgw-validate --help.\n", stderr);
        return EXIT_USAGE;
    }
}

/* -1: go on; else the exit status. */
static int take_options(int argc, char **argv)
{
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == OPTION_LIST)
            return list();
        if (option == OPTION_HELP || option == OPTION_VERSION) {
            fputs(option == OPTION_HELP ? usage : "cgw-validate " PACKAGE_VERSION "\n", stdout);
            return 0;
        }
        int status = take_option(option);
        if (status)
            return status;
    }
    if (optind != argc - 1) {
        fprintf(stderr, "cgw-validate: wanted one module, got %d\nTry cgw-validate --help.\n",
                argc - optind);
        return EXIT_USAGE;
    }
    module = argv[optind];
    return -1;
}

/* ---- children ---- */

static void silence(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0 || vcall_settings.is_verbose)
        return;
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
}

/* Wait for the child, at most as long as it may take. */
static int await(pid_t child)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    int status;
    time_t end = time(NULL) + CHILD_SECONDS + 10 * vcall_settings.timeout_ms / 1000;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (time(NULL) >= end) {
            report_finding(RULE_STUCK, "did not end, in %s", report_what_was_doing());
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return 0;
        }
        sigtimedwait(&set, NULL, &(struct timespec){.tv_sec = 1});
    }
    return status;
}

/* Play in a child; without a script just load. false: it could not be started. */
static bool play(const struct script *script, const struct request *request)
{
    report_clear();
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        perror("cgw-validate: fork");
        return false;
    }
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        silence();
        if (!script)
            play_load(module);
        play_run(module, script, request);
    }
    int status = await(child);
    report_child_ended(status);
    return true;
}

/* ---- scenarios ---- */

/* A scenario's findings, one for each rule: the first, and how many there were. */
struct tally {
    struct finding first[RULE_COUNT];
    unsigned n[RULE_COUNT];
};

static void add_findings(struct tally *tally)
{
    const struct finding *finding;
    for (unsigned i = 0; (finding = report_get(i)); i++)
        if (tally->n[finding->rule]++ == 0)
            tally->first[finding->rule] = *finding;
}

static unsigned print_findings(const struct script *script, const struct tally *tally)
{
    unsigned n = 0;
    for (unsigned rule = 0; rule < RULE_COUNT; rule++)
        if (tally->n[rule]) {
            report_print(script->name, &tally->first[rule], tally->n[rule]);
            n++;
        }
    return n;
}

static const struct request *next_request(const struct script *script, unsigned *i)
{
    if (script->lifespan_only || script->websocket_only)
        return (*i)++ ? NULL : script->lifespan_only ? &request_lifespan : &request_websocket;
    const struct request *request;
    do
        request = request_get((*i)++);
    while (request && !request->is_basic && !script->all_requests);
    return request;
}

/* Play all requests of the scenario; how many findings there were, or negative: no use to go on. */
static int play_scenario(const struct script *script)
{
    static struct tally tally;
    const struct request *request;
    memset(&tally, 0, sizeof tally);
    for (unsigned i = 0; (request = next_request(script, &i));) {
        if (vcall_settings.is_verbose)
            fprintf(stderr, "%s: %s\n", script->name, request->label);
        if (!play(script, request))
            return -1;
        add_findings(&tally);
        /* Waiting for the end of time once is enough. */
        if (report_has(RULE_STUCK) || report_has(RULE_FINISH_NEVER))
            break;
        if (!report_message() && !report_has(RULE_STARTUP))
            continue;
        if (report_message())
            fprintf(stderr, "cgw-validate: %s\n", report_message());
        print_findings(script, &tally);
        return -1;
    }
    return (int)print_findings(script, &tally);
}

static bool is_wanted(unsigned i, const struct script *script, unsigned flags)
{
    if (has_choice && !is_chosen[i])
        return false;
    return (!script->is_moved || flags & (CGW_THREAD_SAFE | CGW_PROMOTES)) &&
           (!script->is_on_pool || flags & CGW_THREAD_SAFE) &&
           (!script->lifespan_only || flags & CGW_LIFESPAN) &&
           (!script->websocket_only || flags & CGW_WEBSOCKET);
}

/* The flags of the module, or -1 with a line that says why it does not load. */
static int try_to_load(void)
{
    if (!play(NULL, NULL))
        return -1;
    if (report_message())
        fprintf(stderr, "cgw-validate: %s\n", report_message());
    else if (report_count())
        fprintf(stderr, "cgw-validate: %s: cannot be loaded: %s\n", module, report_get(0)->what);
    return report_message() || report_count() ? -1 : (int)report_given_flags();
}

int main(int argc, char **argv)
{
    int status = take_options(argc, argv);
    if (status >= 0)
        return status;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (report_init() < 0)
        return EXIT_LOAD;
    int flags = try_to_load();
    if (flags < 0)
        return EXIT_LOAD;
    unsigned n_scenarios = 0, n_findings = 0;
    const struct script *script;
    for (unsigned i = 0; (script = script_get(i)); i++) {
        if (!is_wanted(i, script, (unsigned)flags))
            continue;
        int n = play_scenario(script);
        if (n < 0)
            return EXIT_LOAD;
        n_scenarios++;
        n_findings += (unsigned)n;
    }
    printf("%u scenarios, %u findings\n", n_scenarios, n_findings);
    return n_findings ? EXIT_FINDINGS : 0;
}
