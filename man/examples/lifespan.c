#include <cgw.h>
#include <stdlib.h>

#define SETTINGS(F)                                     \
    F(str, greeting, .def_str = "Hello", .max_len = 40) \
    F(u32, upstreams, .def = 8, .ge = 1, .le = 1000)    \
    F(str, token, .opt = true, .doc = "for the upstream, if it wants one")
CGW_MODEL(Settings, SETTINGS, .strict = true)

typedef struct App {
    Settings settings;
    cgw_sem upstream;
    uint64_t *hits;
} App;

CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    if (cgw_settings(boot, Settings, &app->settings, .path = "greeter.env", .prefix = "GREETER_"))
        return -1;
    app->upstream = (cgw_sem){.n = (int)app->settings.upstreams};
    app->hits = calloc(1, sizeof(*app->hits));
    return app->hits ? 0 : cgw_boot_fail(boot, "no memory to count in");
}

static void stop(App *app)
{
    free(app->hits);
}

CGW_GET(greet, "/greet/{name}")
{
    App *app = cgw_state(req, App);
    ++*app->hits;
    return cgw_text(req, 200, "%s, %s!\n", app->settings.greeting, cgw_path(req, "name"));
}

CGW_APPLICATION(.name = "greeter", .version = "1.0", .timeout = 5);
