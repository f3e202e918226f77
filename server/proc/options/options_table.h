/*
 * The options as data: command line, environment, config file, --help and error messages are all
 * made from these rows, and the manual is compared with them.
 */
#ifndef PROC_OPTIONS_TABLE_H
#define PROC_OPTIONS_TABLE_H
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_SWITCH,  /* bool; --name and --no-name */
    OPTION_NUMBER,  /* an integer of any width */
    OPTION_BYTES,   /* an integer of any width: number_bytes() */
    OPTION_SECONDS, /* milliseconds, an integer of any width: number_duration() */
    OPTION_MODE,    /* unsigned: number_mode() */
    OPTION_CHOICE,  /* int: the index of the word in choices */
    OPTION_SOURCE,  /* const char *: a module; what ends in .c goes to settings.sources, too */
    OPTION_PATH,    /* const char *, of a file */
    OPTION_UDS,     /* const char *, of a unix socket */
    OPTION_HOST,    /* const char *, address or name, brackets taken off */
    OPTION_PREFIX,  /* struct str: "" or "/prefix" */
    OPTION_TARGET,  /* const char *: the path of a request */
    OPTION_TRUST,   /* const char *: forwarded_trust_new() */
    OPTION_FORMAT,  /* const char *: access_format_check() */
    OPTION_WORKERS, /* uint32_t: a number, or auto: 0 */
    OPTION_NAME,    /* const char *: of a user or group, or its number */
    OPTION_TEXT,    /* const char *, any that is not empty */
    OPTION_METRICS, /* const char *: see settings.metrics */
    OPTION_ADDRESS, /* const char *: HOST:PORT or unix:PATH */
    OPTION_LIST,    /* struct settings_list: separated by commas; repeated, it is appended to */
    OPTION_HEADER,  /* appended to settings.extra_headers */
    OPTION_ACTION,  /* on the command line only; nothing in settings */
};

struct option {
    const char *heading;  /* of the group that begins here in --help, or NULL */
    const char *name;     /* without dashes; the module's is not written */
    const char *argument; /* what stands for the value in --help, or NULL: takes none */
    const char *help;
    enum option_kind kind;
    uint16_t offset, width; /* in struct settings */
    uint64_t least, most;   /* of numbers, in the unit that settings have */
    const char *initial;    /* as it would be written, or NULL: unset */
    const char *choices;    /* "a|b|c" */
};

/* Rows that options.c deals with itself. */
#define OPTION_MODULE "module"
#define OPTION_CONFIG "config"

extern const struct option options_table[];
extern const size_t options_table_rows;

/* The row of that name, or NULL. */
const struct option *options_table_find(struct str name);
/*
 * The spelling that is nearest to name: of a row, or "no-" and a switch's (has_no). NULL: none is
 * near. In dst, which has OPTIONS_NAME_BYTES of room.
 */
#define OPTIONS_NAME_BYTES 64
const char *options_table_nearest(struct str name, bool has_no, char *dst);
/* "CGW_LIMIT_HEAD" of "limit-head" into dst, which has OPTIONS_NAME_BYTES of room; dst. */
const char *options_table_variable(const struct option *option, char *dst);
#endif
