/*
 * The scripts. Text from the environment is put into them as make puts it into a recipe; flags of
 * pkg-config are quoted for a shell, hence eval.
 */
#include "proc/dev/build_command.h"
#include "base/mem.h"
#include "proc/system/own_folder.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Where cgw.pc is installed, as the build says; without that pkg-config may know all the same. */
#ifndef CGW_PKGCONFIGDIR
#define CGW_PKGCONFIGDIR ""
#endif

/* ---- the environment ---- */

static const char *variable(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

/* Of the build tree that this program runs from, or of its installation. */
static char *own_package_folder(void)
{
    char *program = own_folder();
    char *found = program ? own_folder_with(program, "/sdk", "cgw-uninstalled.pc") : NULL;
    if (!found && program)
        found = own_folder_with(program, "/../lib/pkgconfig", "cgw.pc");
    if (!found)
        found = own_folder_with("", CGW_PKGCONFIGDIR, "cgw.pc");
    mem_free(program);
    return found;
}

/* The user's own folders come first. NULL with *ret_failed false: nothing to add. */
static char *search_path(bool *ret_failed)
{
    const char *given = variable("PKG_CONFIG_PATH", NULL);
    char *own = own_package_folder();
    char *path = own && given ? mem_printf("%s:%s", given, own) : own ? mem_strdup(own) : NULL;
    *ret_failed = own && !path;
    mem_free(own);
    return path;
}

/* ---- scripts ---- */

/* What a module is linked with: the libraries beside libcgw, too, as far as they and what they
 * stand on are there. The linker takes of them what the application calls, and none else. */
static char *libraries_script(const char *program)
{
    return mem_printf(
        "libraries() { %s --cflags --libs \"$@\" cgw 2>/dev/null; }\n"
        "flags=-Wl,--as-needed\\ $(libraries cgw-sql sqlite3 cgw-crypto libsodium ||\n"
        "    libraries cgw-sql sqlite3 || %s --cflags --libs cgw)",
        program, program);
}

/* The user's flags stand last but for the package's, so that -O2 -Wall and even -fno-PIC are his.
 */
static char *flags_script(bool is_linked, const char *rest)
{
    const char *program = variable("PKG_CONFIG", "pkg-config");
    char *flags =
        is_linked ? libraries_script(program) : mem_printf("flags=$(%s --cflags cgw)", program);
    char *script = flags ? mem_printf("%s || case $? in 127) exit %d;; *) exit %d;; esac\n%s",
                                      flags, BUILD_NO_PKG_CONFIG, BUILD_NO_PACKAGE, rest)
                         : NULL;
    mem_free(flags);
    return script;
}

/* Quote text for the shell: what eval is to see. */
static char *quote(const char *text)
{
    size_t n = 3;
    for (const char *p = text; *p; p++)
        n += *p == '\'' ? 4 : 1;
    char *quoted = mem_alloc(n), *to = quoted;
    if (!quoted)
        return NULL;
    *to++ = '\'';
    for (const char *p = text; *p; p++) {
        if (*p == '\'') {
            memcpy(to, "'\\''", 4);
            to += 4;
        } else {
            *to++ = *p;
        }
    }
    memcpy(to, "'", 2);
    return quoted;
}

/* text, evaluated with the package's flags behind it. */
static char *eval_line(const char *text)
{
    char *quoted = text ? quote(text) : NULL;
    char *line = quoted ? mem_printf("eval %s\" $flags\"", quoted) : NULL;
    mem_free(quoted);
    return line;
}

/* A compiler that stops at a missing header writes no rule; a second look lists it all the same. */
static char *compile_script(const char *compiler, bool is_linked, const char *how,
                            const char *link_flags)
{
    const char *flags = variable("CFLAGS", "");
    char *text = mem_printf("%s -g -fPIC %s %s -MMD -MF \"$1\" -o \"$2\" \"$3\" %s", compiler, how,
                            flags, link_flags);
    char *look = mem_printf("%s %s -MM -MG -MF \"$1\" \"$3\"", compiler, flags);
    char *compile = eval_line(text), *list = eval_line(look), *script = NULL;
    char *rest = compile && list ? mem_printf("%s && exit\nstatus=$?\n"
                                              "if [ ! -s \"$1\" ] && [ $status -lt 126 ]; then\n"
                                              "%s >/dev/null 2>&1\nfi\nexit $status",
                                              compile, list)
                                 : NULL;
    if (rest)
        script = flags_script(is_linked, rest);
    mem_free(text);
    mem_free(look);
    mem_free(compile);
    mem_free(list);
    mem_free(rest);
    return script;
}

static char *link_script(const char *compiler)
{
    char *text = mem_printf("%s -g -fPIC -shared %s -o \"$output\" \"$@\" %s", compiler,
                            variable("CFLAGS", ""), variable("LDFLAGS", ""));
    char *link = eval_line(text);
    char *rest = link ? mem_printf("output=$1\nshift\n%s", link) : NULL;
    char *script = rest ? flags_script(true, rest) : NULL;
    mem_free(text);
    mem_free(link);
    mem_free(rest);
    return script;
}

int build_command_init(struct build_command *command)
{
    bool has_failed;
    const char *compiler = variable("CC", "cc");
    *command = (struct build_command){
        .compiler = mem_strdup(compiler),
        .compile = compile_script(compiler, false, "-c", ""),
        .module = compile_script(compiler, true, "-shared", variable("LDFLAGS", "")),
        .link = link_script(compiler),
        .search_path = search_path(&has_failed),
    };
    if (command->compiler && command->compile && command->module && command->link && !has_failed)
        return 0;
    build_command_fini(command);
    return -ENOMEM;
}

void build_command_fini(struct build_command *command)
{
    mem_free(command->compiler);
    mem_free(command->compile);
    mem_free(command->module);
    mem_free(command->link);
    mem_free(command->search_path);
    *command = (struct build_command){.compiler = NULL};
}

/* ---- what an exit status means ---- */

/* The signal that ended it, or what the shell ran; 0: none. */
static int signal_of(int status)
{
    if (WIFSIGNALED(status))
        return WTERMSIG(status);
    int code = WEXITSTATUS(status);
    return code > 128 && code <= 128 + 64 ? code - 128 : 0;
}

static char *explain_signal(const char *what, const char *name, int number)
{
    return mem_printf("cgw-serve: %s '%s' was killed by signal %d (%s)%s\n", what, name, number,
                      strsignal(number), number == 9 ? ": is there enough memory?" : "");
}

char *build_command_explain(const struct build_command *command, int status, size_t len)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    const char *compiler = command->compiler;
    if (signal_of(status))
        return explain_signal("the compiler", compiler, signal_of(status));
    if (code == 127)
        return mem_printf("cgw-serve: no compiler: '%s' was not found: install one (on Debian: "
                          "apt-get install gcc), or set CC to yours\n",
                          compiler);
    if (code == 126)
        return mem_printf("cgw-serve: no compiler: '%s' cannot be executed: set CC to one\n",
                          compiler);
    if (code == BUILD_NO_PKG_CONFIG)
        return mem_printf("cgw-serve: pkg-config is missing: install it (on Debian: apt-get "
                          "install pkg-config), or set PKG_CONFIG to yours\n");
    if (code == BUILD_NO_PACKAGE)
        return mem_printf("cgw-serve: pkg-config does not find cgw: add the folder of cgw.pc to "
                          "PKG_CONFIG_PATH\n");
    return code == 0 || len ? mem_strdup("")
                            : mem_printf("cgw-serve: the compiler '%s' ended with status %d and "
                                         "said nothing\n",
                                         compiler, code);
}

char *build_command_explain_own(const char *own, int status)
{
    if (signal_of(status))
        return explain_signal("the command of --build", own, signal_of(status));
    if (WEXITSTATUS(status) == 0)
        return mem_strdup("");
    return mem_printf("cgw-serve: the command of --build '%s' ended with status %d\n", own,
                      WEXITSTATUS(status));
}
