/*
 * What check_build and check_build_step have in common: a folder that is the current one, the
 * compiler that built this, and one build at a time. They run in the build tree, whose own package
 * pkg-config finds in sdk/.
 */
#ifndef BUILD_PLAY_H
#define BUILD_PLAY_H
#include "proc/dev/build.h"
#include "unit.h"
#include <stdbool.h>

#define APP(body)                               \
    "#include <cgw/abi.h>\n"                    \
    "static void call(struct cgw_call *it)\n"   \
    "{\n"                                       \
    "    it->host->finish(it, 0);\n" body "}\n" \
    "CGW_APP(.kind = CGW_ASYNC, .name = NAME, .call = call);\n"

extern struct settings settings;
extern struct ev_loop *loop;

/* Of the last build; inputs as |app.c|app.h| */
extern struct build_result {
    bool is_done;
    char *output, *text, *inputs;
    struct build *build;
} result;

void build_play_setup(void);
void build_play_teardown(void);

/* In a shell, with success. */
void run(const char *command);
void write_file(const char *path, const char *text);
void write_script(const char *path, const char *text);

/* Build these sources from now on. */
void use(const char *const *sources, size_t n);
void start(const char *output);
/* Start, and wait for its end. */
void build(const char *output);
void assert_built(const char *output);
/* It failed, and the text says so. */
void assert_failed(const char *text);
/* The result is an application of that name. */
void assert_loads(const char *name);
/* Turn the loop until the file is there. */
void await_file(const char *path);
#endif
