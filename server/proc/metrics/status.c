/*
 * The supervisor is known by its memfd: among the processes that we may look at, the one whose
 * board says that it is its own. On a terminal the picture stands on the alternate screen, so that
 * what was there before comes back.
 */
#include "proc/metrics/status.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/number.h"
#include "proc/metrics/status_draw.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { FOUND_MAX = 256, EXIT_NONE = 1, EXIT_USE = 2, REDRAW_MIN_US = 200000 };

/* Servers that may be looked at. */
struct found {
    pid_t pids[FOUND_MAX];
    size_t n;
    pid_t stranger; /* one of another version, or 0 */
};

static pid_t to_pid(const char *text)
{
    uint64_t pid;
    return number_decimal(str_from(text), INT_MAX, &pid) < 0 ? 0 : (pid_t)pid;
}

static void look_at(struct found *found, pid_t pid)
{
    const struct board *board = board_open(pid);
    if (!board) {
        if (errno == EPROTO)
            found->stranger = pid;
        return;
    }
    if (board->supervisor == pid && found->n < FOUND_MAX) /* its workers have the memfd, too */
        found->pids[found->n++] = pid;
    board_close(board);
}

static void find_all(struct found *found)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        pid_t pid = to_pid(entry->d_name);
        if (pid > 0)
            look_at(found, pid);
    }
    if (dir)
        closedir(dir);
}

/* Text of a board that anybody may have made, on a terminal. */
static void print_text(const char *text, size_t room, FILE *err)
{
    char clean[1024];
    log_escape(clean, sizeof clean, (struct str){text, strnlen(text, room)});
    fprintf(err, "  %s", clean);
}

static void list_found(const struct found *found, FILE *err)
{
    fprintf(err, "cgw-serve: several servers run; name one: cgw-serve --status PID\n");
    for (size_t i = 0; i < found->n; i++) {
        const struct board *board = board_open(found->pids[i]);
        if (!board)
            continue;
        fprintf(err, "  %d", (int)found->pids[i]);
        print_text(board->module, sizeof board->module, err);
        print_text(board->url, sizeof board->url, err);
        fputs("\n", err);
        board_close(board);
    }
}

/* The one server that there is, or 0 and err says why not. */
static pid_t find_one(FILE *err)
{
    struct found found = {0};
    find_all(&found);
    if (found.n == 1)
        return found.pids[0];
    if (found.n > 1)
        list_found(&found, err);
    else if (found.stranger)
        fprintf(err,
                "cgw-serve: the server that runs (pid %d) is of another version: ask with its own "
                "cgw-serve\n",
                (int)found.stranger);
    else
        fprintf(err, "cgw-serve: no server of this user runs\n");
    return 0;
}

static void tell_unreadable(pid_t pid, FILE *err)
{
    const char *why = strerror(errno);
    if (errno == ENOENT)
        why = "it is no cgw-serve";
    else if (errno == ESRCH)
        why = "there is no such process";
    else if (errno == EPROTO)
        why = "it is of another version: ask with its own cgw-serve";
    else if (errno == EACCES || errno == EPERM)
        why = "it belongs to another user: ask as that one, or as root";
    fprintf(err, "cgw-serve: cannot look at process %d: %s\n", (int)pid, why);
}

/* ---- the picture, once ---- */

struct view {
    const struct board *board;
    FILE *out;
    struct status_sample *before, *now;
    struct page page;
};

static void take_sample(struct view *view)
{
    struct status_sample *sample = view->before;
    view->before = view->now;
    view->now = sample;
    status_sample(view->board, sample);
}

static int show_once(struct view *view)
{
    take_sample(view);
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    take_sample(view);
    status_draw(&view->page, view->board, view->before, view->now);
    if (view->page.is_broken)
        return EXIT_NONE;
    fwrite(view->page.text, 1, view->page.len, view->out);
    return fflush(view->out) == 0 ? 0 : EXIT_NONE;
}

/* ---- the picture, refreshed ---- */

static void enter_screen(const struct view *view)
{
    fputs("\033[?1049h\033[?25l", view->out);
}

static void leave_screen(const struct view *view)
{
    fputs("\033[?25h\033[?1049l", view->out);
    fflush(view->out);
}

/* As many bytes of the line as fit into so many columns; behind a character, not inside. */
static size_t fit(const char *line, size_t len, size_t columns)
{
    size_t i = 0;
    for (size_t column = 0; i < len; i++) {
        bool is_first_byte = ((unsigned char)line[i] & 0xc0) != 0x80;
        if (is_first_byte && column++ == columns)
            break;
    }
    return i;
}

static void put_screen(const struct view *view)
{
    struct winsize size = {0};
    const char *line = view->page.text, *end = line + view->page.len;
    if (ioctl(fileno(view->out), TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    fputs("\033[H", view->out);
    for (unsigned row = 0; row < size.ws_row && line < end; row++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t len = newline ? (size_t)(newline - line) : (size_t)(end - line);
        fprintf(view->out, "%s%.*s\033[K", row ? "\r\n" : "", (int)fit(line, len, size.ws_col),
                line);
        line += len + 1;
    }
    fputs("\033[J", view->out);
    fflush(view->out);
}

static bool refresh(struct view *view)
{
    if (clock_now_us() - view->now->at_us >= REDRAW_MIN_US) /* else only the window has changed */
        take_sample(view);
    page_fini(&view->page);
    status_draw(&view->page, view->board, view->before, view->now);
    if (!view->page.is_broken)
        put_screen(view);
    return !view->page.is_broken && !ferror(view->out);
}

static bool is_running(const struct board *board)
{
    return kill(board->supervisor, 0) == 0 || errno == EPERM;
}

/* A signal of the set, or 0 after a second. */
static int wait_second(const sigset_t *set)
{
    int signal = sigtimedwait(set, NULL, &(struct timespec){.tv_sec = 1});
    return signal < 0 ? 0 : signal;
}

static void stop_for_a_while(const struct view *view)
{
    leave_screen(view);
    raise(SIGSTOP);
    enter_screen(view);
}

static int watch(struct view *view)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGPIPE};
    sigset_t set, old;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&set, signals[i]);
    sigprocmask(SIG_BLOCK, &set, &old);
    take_sample(view);
    take_sample(view);
    enter_screen(view);
    int signal = 0;
    bool runs = true;
    while ((signal == 0 || signal == SIGWINCH || signal == SIGTSTP) && runs && refresh(view)) {
        signal = wait_second(&set);
        if (signal == SIGTSTP)
            stop_for_a_while(view);
        runs = is_running(view->board);
    }
    leave_screen(view);
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (!runs)
        fputs("cgw-serve: the server has ended\n", view->out);
    return 0;
}

static bool is_terminal(FILE *out)
{
    const char *term = getenv("TERM");
    return isatty(fileno(out)) && term && *term && strcmp(term, "dumb") != 0;
}

static int show(const struct board *board, FILE *out, FILE *err)
{
    struct view view = {.board = board, .out = out};
    view.before = mem_zalloc(sizeof *view.before);
    view.now = mem_zalloc(sizeof *view.now);
    int code = EXIT_NONE;
    if (!view.before || !view.now)
        fprintf(err, "cgw-serve: out of memory\n");
    else
        code = is_terminal(out) ? watch(&view) : show_once(&view);
    page_fini(&view.page);
    mem_free(view.before);
    mem_free(view.now);
    return code;
}

int status_run(const char *pid, FILE *out, FILE *err)
{
    pid_t found = pid ? to_pid(pid) : find_one(err);
    if (pid && found <= 0) {
        fprintf(err, "cgw-serve: --status wants a process number, not %s\n", pid);
        return EXIT_USE;
    }
    if (found <= 0)
        return EXIT_NONE;
    const struct board *board = board_open(found);
    if (!board) {
        tell_unreadable(found, err);
        return EXIT_NONE;
    }
    int code = show(board, out, err);
    board_close(board);
    return code;
}
