/* --routes and --openapi: what an application says of itself, by cgw.describe/1. */
#ifndef PROC_DESCRIBE_H
#define PROC_DESCRIBE_H
#include "base/settings.h"
#include <cgw/abi.h>
#include <stdio.h>

/* To out: the table of routes, or the OpenAPI document. 0; or a negative errno, -EIO
   where it cannot be written, with *ret_error one line that says why not, in which path names the
   module (mem_free() it; NULL: out of memory). */
int describe_print(const char *path, const struct cgw_app *app, enum settings_describe what,
                   FILE *out, char **ret_error);
#endif
