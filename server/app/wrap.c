/* From the innermost module outwards; what each answers is checked as a module's own descriptor is.
 */
#include "app/wrap.h"
#include "app/module.h"
#include "base/mem.h"
#include <cgw/wrap.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

char *wrap_path(const char *name)
{
    size_t len = strlen(name);
    bool is_file = len > 3 && strcmp(name + len - 3, ".so") == 0;
    if (strchr(name, '/') || access(name, F_OK) == 0)
        return mem_strdup(name);
    return mem_printf("%s/%s%s", CGW_MODULEDIR, name, is_file ? "" : ".so");
}

static int fail(int status, char *error, char **ret_error)
{
    *ret_error = error;
    return error ? status : -ENOMEM;
}

/* The module's table, as far as we know it; NULL: it has none. */
static const struct cgw_wrap *table_of(const struct cgw_app *module)
{
    const struct cgw_wrap *table = module->extension ? module->extension(CGW_EXT_WRAP) : NULL;
    return table && table->size >= sizeof *table && table->around ? table : NULL;
}

static int wrap(const char *path, const struct cgw_app *inner, const struct cgw_app **ret_app,
                char **ret_error)
{
    const struct cgw_app *module = NULL;
    const char *why = NULL;
    int status = module_load(path, NULL, &module, ret_error);
    if (status < 0)
        return status;
    const struct cgw_wrap *table = table_of(module);
    if (!table)
        return fail(-EINVAL,
                    mem_printf("%s: is no module to wrap others: it has no table %s; an "
                               "application is served without --wrap",
                               path, CGW_EXT_WRAP),
                    ret_error);
    const struct cgw_app *outer = table->around(inner, &why);
    if (!outer)
        return fail(-ECANCELED,
                    mem_printf("%s: cannot wrap the application: %s", path, why ? why : "?"),
                    ret_error);
    status = module_check_descriptor(path, outer, ret_error);
    if (status == 0)
        *ret_app = outer;
    return status;
}

int wrap_load(const struct settings_list *modules, const struct cgw_app *inner,
              const struct cgw_app **ret_app, char **ret_error)
{
    int status = 0;
    *ret_error = NULL;
    for (size_t i = modules->n; i > 0 && status == 0; i--) {
        char *path = wrap_path(modules->items[i - 1]);
        status = path ? wrap(path, inner, &inner, ret_error) : -ENOMEM;
        mem_free(path);
    }
    *ret_app = inner;
    return status;
}
