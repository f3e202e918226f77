/*
 * Loading a module, in the order in which a mistake is cheapest: the file, the symbols, the
 * descriptor. No function of the module is called here; its constructors run inside dlopen().
 */
#include "app/module.h"
#include "app/elf.h"
#include "app/origin.h"
#include "base/mem.h"
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The descriptor of interface 1.0; later minors are larger. */
#define APP_BYTES_MIN (offsetof(struct cgw_app, extension) + sizeof(const void *))
/* A descriptor that claims more is not believed. */
#define APP_BYTES_MAX 65536
#define FLAGS_KNOWN   ((unsigned)(CGW_LIFESPAN | CGW_WEBSOCKET | CGW_THREAD_SAFE | CGW_PROMOTES))

static int fail(int status, char *error, char **ret_error)
{
    *ret_error = error;
    return status;
}

/* ---- the file ---- */

static int fail_errno(const char *path, const char *verb, int number, char **ret_error)
{
    return fail(-number, mem_printf("%s: cannot be %s: %s", path, verb, strerror(number)),
                ret_error);
}

static const char *kind_of_file(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return "a device";
    return S_ISSOCK(mode) ? "a socket" : "a pipe";
}

static int check_open_file(const char *path, int fd, char **ret_error)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fail_errno(path, "read", errno, ret_error);
    if (!S_ISREG(st.st_mode))
        return fail(
            -EINVAL,
            mem_printf("%s: %s, wanted a shared object (.so)", path, kind_of_file(st.st_mode)),
            ret_error);
    if (st.st_size == 0)
        return fail(-ENOEXEC, mem_printf("%s: empty, wanted a shared object (.so)", path),
                    ret_error);
    char *why = NULL;
    int status = elf_check(fd, (uint64_t)st.st_size, &why);
    if (status == -ENOEXEC)
        fail(status, why ? mem_printf("%s: %s", path, why) : NULL, ret_error);
    else if (status < 0)
        fail_errno(path, "read", -status, ret_error);
    mem_free(why);
    return status;
}

/* path is for messages. */
static int check_file(const char *path, const char *file, char **ret_error)
{
    /* Non-blocking: opening a pipe must not wait for a writer. */
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fail_errno(path, errno == ENOENT ? "found" : "opened", errno, ret_error);
    int status = check_open_file(path, fd, ret_error);
    close(fd);
    return status;
}

int module_check_file(const char *path, char **ret_error)
{
    return check_file(path, path, ret_error);
}

/* ---- the descriptor ---- */

static int check_version(const char *path, const struct cgw_app *app, char **ret_error)
{
    if (app->magic != CGW_MAGIC)
        return fail(-EINVAL,
                    mem_printf("%s: cgw_app starts with 0x%08x, wanted 0x%08x: export it with "
                               "CGW_APP() of <cgw/abi.h>",
                               path, app->magic, CGW_MAGIC),
                    ret_error);
    if (app->abi_major != CGW_ABI_MAJOR)
        return fail(-EINVAL,
                    mem_printf("%s: built against interface %u.%u, this host speaks %u.%u: rebuild "
                               "it with this cgw's header",
                               path, app->abi_major, app->abi_minor, CGW_ABI_MAJOR, CGW_ABI_MINOR),
                    ret_error);
    return 0;
}

/* A larger descriptor than ours is of a later minor: fine while it uses nothing that we lack. */
static int check_size(const char *path, const struct cgw_app *app, char **ret_error)
{
    if (app->size < APP_BYTES_MIN || app->size > APP_BYTES_MAX)
        return fail(-EINVAL,
                    mem_printf("%s: cgw_app says it has %u bytes, wanted %zu to %d: set size to "
                               "sizeof(struct cgw_app), as CGW_APP() does",
                               path, app->size, APP_BYTES_MIN, APP_BYTES_MAX),
                    ret_error);
    for (size_t i = sizeof *app; i < app->size; i++)
        if (((const unsigned char *)app)[i] != 0)
            return fail(-EINVAL,
                        mem_printf("%s: uses byte %zu of a cgw_app of interface %u.%u, this host "
                                   "knows %zu bytes of %u.%u: use a newer cgw, or rebuild it with "
                                   "this cgw's header",
                                   path, i, app->abi_major, app->abi_minor, sizeof *app,
                                   CGW_ABI_MAJOR, CGW_ABI_MINOR),
                        ret_error);
    return 0;
}

static int check_content(const char *path, const struct cgw_app *app, char **ret_error)
{
    if (app->kind != CGW_ASYNC && app->kind != CGW_SYNC)
        return fail(-EINVAL,
                    mem_printf("%s: cgw_app.kind is %u, wanted CGW_ASYNC (0) or CGW_SYNC (1)", path,
                               app->kind),
                    ret_error);
    if (app->flags & ~FLAGS_KNOWN)
        return fail(-EINVAL,
                    mem_printf("%s: cgw_app.flags is 0x%x, this host knows 0x%x: use a newer cgw, "
                               "or clear what it does not know",
                               path, app->flags, FLAGS_KNOWN),
                    ret_error);
    if (!app->call)
        return fail(-EINVAL, mem_printf("%s: cgw_app.call is NULL, wanted a function", path),
                    ret_error);
    return 0;
}

int module_check_descriptor(const char *path, const struct cgw_app *app, char **ret_error)
{
    int status = check_version(path, app, ret_error);
    if (status == 0)
        status = check_size(path, app, ret_error);
    return status < 0 ? status : check_content(path, app, ret_error);
}

/* ---- the symbol ---- */

/* dlerror()'s text without the path in front, which ours has already, in one line. */
static int fail_loader(const char *path, const char *file, char **ret_error)
{
    const char *text = dlerror();
    size_t n = strlen(file);
    if (!text)
        text = "for no reason given";
    else if (strncmp(text, file, n) == 0 && strncmp(text + n, ": ", 2) == 0)
        text += n + 2;
    const char *advice = strstr(text, "undefined symbol")
                             ? " (link it with -Wl,-z,defs to see this while building)"
                             : "";
    char *error = mem_printf("%s: cannot be loaded: %s%s", path, text, advice);
    for (char *p = error; p && *p; p++)
        if (*p == '\n')
            *p = ' ';
    return fail(-ENOEXEC, error, ret_error);
}

/* Is the symbol of the module itself, not of a library that it links, and data that is all there?
 */
static int check_symbol(const char *path, void *handle, const struct cgw_app *app, char **ret_error)
{
    struct link_map *module = NULL, *owner = NULL;
    const Elf64_Sym *symbol = NULL;
    Dl_info info;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &module) != 0 ||
        !dladdr1(app, &info, (void **)&owner, RTLD_DL_LINKMAP) ||
        !dladdr1(app, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
        return fail(-EINVAL, mem_printf("%s: its symbol cgw_app cannot be examined", path),
                    ret_error);
    if (owner != module)
        return fail(-EINVAL,
                    mem_printf("%s: exports no symbol cgw_app, only a library it links does (%s): "
                               "end the application with CGW_APP()",
                               path, owner->l_name),
                    ret_error);
    if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
        return fail(-EINVAL,
                    mem_printf("%s: its symbol cgw_app is no data, wanted a struct cgw_app", path),
                    ret_error);
    if (symbol->st_size < APP_BYTES_MIN)
        return fail(-EINVAL,
                    mem_printf("%s: its symbol cgw_app has %llu bytes, wanted a struct cgw_app of "
                               "at least %zu",
                               path, (unsigned long long)symbol->st_size, APP_BYTES_MIN),
                    ret_error);
    if (app->magic == CGW_MAGIC && app->abi_major == CGW_ABI_MAJOR && app->size > symbol->st_size)
        return fail(-EINVAL,
                    mem_printf("%s: cgw_app says it has %u bytes, its symbol has %llu", path,
                               app->size, (unsigned long long)symbol->st_size),
                    ret_error);
    return 0;
}

/* What is looked at must be what the loader takes. */
static int check_before(const char *path, const char *file, char **ret_error)
{
    if (strchr(file, '$')) /* $ORIGIN, $LIB and $PLATFORM: another file than the one looked at */
        return fail(-EINVAL,
                    mem_printf("%s: has a $ in its path, which the loader may replace: name it "
                               "otherwise",
                               file),
                    ret_error);
    return check_file(path, file, ret_error);
}

static int load(const char *path, const char *file, const struct cgw_app **ret_app,
                char **ret_error)
{
    int status = check_before(path, file, ret_error);
    if (status == 0 && file != path)
        status = origin_load(path, file, ret_error);
    if (status < 0)
        return status;
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return fail_loader(path, file, ret_error);
    /* A refused module stays mapped too: what its constructors began cannot be undone. */
    const struct cgw_app *app = dlsym(handle, "cgw_app");
    if (!app)
        return fail(-EINVAL,
                    mem_printf("%s: exports no symbol cgw_app: it has no route of <cgw.h>, and no "
                               "CGW_APP() of <cgw/abi.h>",
                               path),
                    ret_error);
    status = check_symbol(path, handle, app, ret_error);
    if (status == 0)
        status = module_check_descriptor(path, app, ret_error);
    if (status == 0)
        *ret_app = app;
    return status;
}

int module_load(const char *path, const char *copy, const struct cgw_app **ret_app,
                char **ret_error)
{
    if (copy)
        return load(path, copy, ret_app, ret_error);
    if (strchr(path, '/'))
        return load(path, path, ret_app, ret_error);
    char *here = mem_printf("./%s", path);
    int status = here ? load(here, here, ret_app, ret_error) : fail(-ENOMEM, NULL, ret_error);
    mem_free(here);
    return status;
}
