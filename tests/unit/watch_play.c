/* A folder with a module, sources and folders; reports are counted. */
#include "watch_play.h"
#include "app/module.h"
#include "base/mem.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

static char folder[] = "/tmp/check_watch.XXXXXX";
static char *modules; /* of the build tree */
struct settings settings;
struct ev_loop *loop;
struct watch *watch;
int n_reports;
char reported[4096];
bool was_whole; /* the module, at the last report */

/* ---- a system without watches: these stand before the C library's ---- */

int watches = 1 << 20, instances_error;

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    if (watches == 0) {
        errno = ENOSPC;
        return -1;
    }
    watches--;
    return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

int inotify_init1(int flags)
{
    if (instances_error) {
        errno = instances_error;
        return -1;
    }
    return (int)syscall(SYS_inotify_init1, flags);
}

/* ---- helpers ---- */

void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

void watch_play_setup(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    modules = realpath("modules", NULL);
    ck_assert_ptr_nonnull(modules);
    setenv("MODULES", modules, 1);
    setenv("CC", getenv("CC") ? getenv("CC") : "cc", 1);
    ck_assert_int_eq(chdir(folder), 0);
    run("cp $MODULES/hello.so app.so; echo 1 >app.c; echo 1 >app.h; mkdir src src/deep .git build;"
        "echo 1 >src/a.c; touch build/config.status");
    settings = (struct settings){.module = "app.so", .reload = true, .reload_delay_ms = 20};
    loop = ev_loop_new(EVFLAG_NOENV);
    ck_assert_ptr_nonnull(loop);
    n_reports = 0;
}

void watch_play_teardown(void)
{
    char command[256];
    watch_free(watch);
    ev_loop_destroy(loop);
    free(modules);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    run(command);
}

void changed(void *arg, const char *path)
{
    char *error = NULL;
    ck_assert_ptr_eq(arg, reported);
    n_reports++;
    snprintf(reported, sizeof reported, "%s", path);
    was_whole = module_check_file("app.so", &error) == 0;
    mem_free(error);
}

void begin(void)
{
    char *error = NULL;
    int status = watch_new(loop, &settings, changed, reported, &watch, &error);
    ck_assert_msg(status == 0, "%d %s", status, error);
}

static void on_time(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)timer, (void)events;
    ev_break(of, EVBREAK_ALL);
}

void turn(double seconds)
{
    ev_timer timer;
    ev_now_update(loop);
    ev_timer_init(&timer, on_time, seconds, 0);
    ev_timer_start(loop, &timer);
    ev_run(loop, 0);
    ev_timer_stop(loop, &timer);
}

/* Wait for the next report, and that no second one comes of the same. */
void await_report(const char *path)
{
    for (int i = 0; i < 2000 && n_reports == 0; i++)
        turn(0.01);
    turn(0.15);
    ck_assert_int_eq(n_reports, 1);
    ck_assert_str_eq(reported, path);
    n_reports = 0;
}

void assert_quiet(void)
{
    turn(0.25);
    ck_assert_msg(n_reports == 0, "reported: %s", reported);
}

static const char *one[] = {"app.c"};
static const char *src[] = {"src"};

void use_source(void)
{
    settings.sources = (struct settings_list){one, 1};
    settings.module = "app.c";
}

void use_folder(void)
{
    settings.reload_dirs = (struct settings_list){src, 1};
}
