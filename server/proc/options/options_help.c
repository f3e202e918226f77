/* --help, a line or two per row of the table: it fits 80 columns where the row does. */
#include "proc/options/options_help.h"
#include "config.h"
#include "proc/options/options_table.h"
#include <cgw/abi.h>

#define HELP_COLUMN 36

static void print_default(FILE *out, const struct option *option)
{
    if (option->kind == OPTION_TRUST)
        fputs(" [nobody]", out);
    else if (option->initial && option->initial[0])
        fprintf(out, " [%s]", option->initial);
}

static void print_option(FILE *out, const struct option *option)
{
    char left[2 * OPTIONS_NAME_BYTES];
    int n;
    if (option->kind == OPTION_SWITCH)
        n = snprintf(left, sizeof(left), "  --%s, --no-%s", option->name, option->name);
    else
        n = snprintf(left, sizeof(left), "  --%s%s%s", option->name, option->argument ? " " : "",
                     option->argument ? option->argument : "");
    fputs(left, out);
    if (n + 2 > HELP_COLUMN) {
        fputc('\n', out);
        n = 0;
    }
    fprintf(out, "%*s%s", HELP_COLUMN - n, "", option->help);
    print_default(out, option);
    fputc('\n', out);
}

void options_help_print(FILE *out)
{
    fputs("Usage: cgw-serve [OPTIONS] MODULE.so\n"
          "Serve the application in a shared object over HTTP.\n",
          out);
    for (size_t i = 0; i < options_table_rows; i++) {
        const struct option *option = &options_table[i];
        if (option->heading)
            fprintf(out, "\n%s:\n", option->heading);
        if (str_is(str_from(option->name), STR(OPTION_MODULE)))
            continue;
        print_option(out, option);
    }
    fputs("\nEach option with a value, and each pair with --no-, is also read from the\n"
          "environment (CGW_LIMIT_HEAD=64k, CGW_ACCESS_LOG=no, CGW_MODULE=app.so) and from\n"
          "the config file (limit-head = 64k). The command line comes first, then the\n"
          "environment, then the file. See cgw-serve(1) and cgw.conf(5).\n",
          out);
}

void options_help_version(FILE *out)
{
    fprintf(out, "cgw-serve %s (interface %d.%d)\n", PACKAGE_VERSION, CGW_ABI_MAJOR, CGW_ABI_MINOR);
}
