/* Builds in a folder of their own, whose end is waited for on a loop. */
#include "build_play.h"
#include "app/module.h"
#include "base/mem.h"
#include "proc/children.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/check_build.XXXXXX";
struct settings settings;
struct ev_loop *loop;
static char *compiler; /* the real one */

struct build_result result;

void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

void write_script(const char *path, const char *text)
{
    write_file(path, text);
    ck_assert_int_eq(chmod(path, 0755), 0);
}

/* It becomes a shell at once. */
static void begin_child(void *arg)
{
    (void)arg;
}

void build_play_setup(void)
{
    char package[PATH_MAX];
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ptr_nonnull(realpath("sdk", package));
    compiler = getenv("CC") ? strdup(getenv("CC")) : strdup("cc");
    ck_assert_int_eq(chdir(folder), 0);
    setenv("PKG_CONFIG_PATH", package, 1);
    setenv("REAL_CC", compiler, 1);
    setenv("CC", compiler, 1);
    unsetenv("CFLAGS");
    unsetenv("LDFLAGS");
    unsetenv("PKG_CONFIG");
    settings = (struct settings){.module = "app.c"};
    loop = ev_loop_new(EVFLAG_NOENV);
    ck_assert_ptr_nonnull(loop);
    children_start(loop, begin_child, NULL);
    ev_ref(loop); /* it waits for children even when nothing else is left */
}

static void forget_result(void)
{
    free(result.output);
    free(result.text);
    free(result.inputs);
    memset(&result, 0, sizeof result);
}

void build_play_teardown(void)
{
    char command[256];
    forget_result();
    free(compiler);
    children_stop();
    ev_loop_destroy(loop);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

/* |app.c|app.h| */
static void take_inputs(const struct build_inputs *inputs)
{
    char *all = strdup("|");
    for (size_t i = 0; i < inputs->n; i++) {
        char *more = mem_printf("%s%s|", all, inputs->paths[i]);
        free(all);
        all = more;
    }
    result.inputs = all;
}

static void done(void *arg, const char *output_path, const char *text, size_t len)
{
    ck_assert_ptr_eq(arg, &result);
    ck_assert(!result.is_done);
    result.is_done = true;
    result.output = output_path ? strdup(output_path) : NULL;
    result.text = strndup(text, len);
    take_inputs(build_inputs(result.build));
    ev_break(loop, EVBREAK_ALL);
}

void start(const char *output)
{
    char *error = NULL;
    forget_result();
    int status = build_start(loop, &settings, output, done, &result, &result.build, &error);
    ck_assert_msg(status == 0, "%d %s", status, error);
    ck_assert(!result.is_done);
}

void build(const char *output)
{
    start(output);
    ev_run(loop, 0);
    ck_assert(result.is_done);
}

void assert_built(const char *output)
{
    ck_assert_msg(result.output != NULL, "failed: %s", result.text);
    ck_assert_str_eq(result.output, output);
    ck_assert_int_eq(access(output, F_OK), 0);
}

void assert_failed(const char *text)
{
    ck_assert_msg(!result.output, "built: %s", result.text);
    ck_assert_msg(strstr(result.text, text) != NULL, "'%s' lacks '%s'", result.text, text);
}

void assert_loads(const char *name)
{
    const struct cgw_app *app;
    char *error = NULL;
    int status = module_load(result.output, NULL, &app, &error);
    ck_assert_msg(status == 0, "%s", error);
    ck_assert_str_eq(app->name, name);
}

void use(const char *const *sources, size_t n)
{
    settings.sources = (struct settings_list){(const char **)(size_t)sources, n};
    settings.module = sources[0];
}

static void on_tick(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)of, (void)events;
    if (access(timer->data, F_OK) == 0)
        ev_break(loop, EVBREAK_ALL);
}

/* Turn the loop until the file is there. */
void await_file(const char *path)
{
    ev_timer tick;
    ev_timer_init(&tick, on_tick, 0, 0.01);
    tick.data = (void *)(size_t)path;
    ev_timer_again(loop, &tick);
    ev_run(loop, 0);
    ev_timer_stop(loop, &tick);
    ck_assert_int_eq(access(path, F_OK), 0);
}
