/*
 * The script /.cgw/reload.js, which makes a page load itself anew when something else is live. It
 * is a file of its own, not text in the page, so that a content-security-policy of 'self' allows
 * it.
 */
#ifndef PROC_DEV_RELOAD_SCRIPT_H
#define PROC_DEV_RELOAD_SCRIPT_H
#include "base/str.h"
#include <cgw/abi.h>

#define RELOAD_STREAM_PATH "/.cgw/reload"
#define RELOAD_SCRIPT_PATH "/.cgw/reload.js"

extern const struct cgw_app reload_script_app;
#endif
