/* Prints the paths of an application: cc describe.c -o describe && ./describe ./app.so */
#include <cgw/describe.h>
#include <dlfcn.h>
#include <stdio.h>

static void print(void *arg, const struct cgw_described_route *route)
{
    (void)arg;
    printf("%s %s\n", route->method, route->path);
}

static void complain(void *arg, const char *error)
{
    (void)arg;
    fprintf(stderr, "%s\n", error);
}

int main(int argc, char **argv)
{
    void *module = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    const struct cgw_app *app = module ? dlsym(module, "cgw_app") : NULL;
    const struct cgw_describe *table =
        app && app->extension ? app->extension(CGW_EXT_DESCRIBE) : NULL;
    return table && table->routes(print, complain, NULL) == CGW_OK ? 0 : 1;
}
