/*
 * The SDK of cgw: an application is a C file with routes, compiled by
 *     cc app.c -o app.so $(pkg-config --cflags --libs cgw)
 * and served by cgw-serve app.so. Start with cgw(7), then the pages of section 3.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_H
#define CGW_H
#include <cgw/auth.h>
#include <cgw/base.h>
#include <cgw/file.h>
#include <cgw/form.h>
#include <cgw/lifespan.h>
#include <cgw/middleware.h>
#include <cgw/model.h>
#include <cgw/process.h>
#include <cgw/reply.h>
#include <cgw/request.h>
#include <cgw/route.h>
#include <cgw/task.h>
#endif
