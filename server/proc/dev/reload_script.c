/*
 * The script's text. What it takes care of:
 * - It compares what is live with what its page was made under, which is in its tag: a page that an
 *   old worker has served while the new one came up is noticed, too.
 * - A page may come out of a cache and stay old however often it is loaded. So it is loaded three
 *   times for the same news, each time a bit later, then left alone.
 * - A browser opens six connections to a server (HTTP/1.1), and a stream is one: pages in hidden
 *   tabs let go of theirs, and look again when they are shown. A frame leaves it to its page.
 * - A server that is away, or answers something else, is asked again, less and less often.
 */
#include "proc/dev/reload_script.h"
#include "proc/dev/answer.h"

static const char script[] =
    "/* cgw-serve --reload: loads this page anew when a new build is served. */\n"
    "(function () {\n"
    "    'use strict';\n"
    "    var tag = document.currentScript, key = 'cgw.reload', source = null, wait = 500;\n"
    "    if (!tag || window.cgwReload || !window.EventSource || isFrame())\n"
    "        return;\n"
    "    window.cgwReload = true;\n"
    "    var url = tag.src.replace(/reload\\.js.*$/, 'reload');\n"
    "    var seen = tag.getAttribute('data-live'), isSure = !seen, isLeaving = false;\n"
    "\n"
    "    function isFrame() {\n"
    "        try {\n"
    "            return window.parent !== window && !!window.parent.document;\n"
    "        } catch (e) {\n"
    "            return false; /* of another site's page */\n"
    "        }\n"
    "    }\n"
    "    /* How often the page was loaded for this news, now included. */\n"
    "    function count(live) {\n"
    "        try {\n"
    "            var was = (sessionStorage.getItem(key) || '').split(' ');\n"
    "            var n = was[0] === live ? +was[1] + 1 : 1;\n"
    "            sessionStorage.setItem(key, live + ' ' + n);\n"
    "            return n;\n"
    "        } catch (e) {\n"
    "            return isSure ? 1 : 4; /* cannot count: only what changes before our eyes */\n"
    "        }\n"
    "    }\n"
    "    function forget() {\n"
    "        try {\n"
    "            sessionStorage.removeItem(key);\n"
    "        } catch (e) {\n"
    "        }\n"
    "    }\n"
    "    function hear(event) {\n"
    "        var live = event.data, n = 0;\n"
    "        if (live === tag.getAttribute('data-live'))\n"
    "            forget();\n"
    "        if (seen && live !== seen)\n"
    "            n = count(live);\n"
    "        seen = live;\n"
    "        isSure = true;\n"
    "        if (n < 1 || n > 3)\n"
    "            return;\n"
    "        isLeaving = true;\n"
    "        close();\n"
    "        setTimeout(function () { location.reload(); }, (n - 1) * 500);\n"
    "    }\n"
    "    function open() {\n"
    "        if (source || isLeaving || document.hidden)\n"
    "            return;\n"
    "        source = new EventSource(url);\n"
    "        source.onmessage = hear;\n"
    "        source.onopen = function () { wait = 500; };\n"
    "        source.onerror = function () {\n"
    "            if (!source || source.readyState !== EventSource.CLOSED)\n"
    "                return; /* it asks again by itself */\n"
    "            source = null;\n"
    "            setTimeout(open, wait);\n"
    "            wait = Math.min(wait * 2, 30000);\n"
    "        };\n"
    "    }\n"
    "    function close() {\n"
    "        if (source)\n"
    "            source.close();\n"
    "        source = null;\n"
    "    }\n"
    "    document.addEventListener('visibilitychange', function () {\n"
    "        if (document.hidden)\n"
    "            close();\n"
    "        else\n"
    "            open();\n"
    "    });\n"
    "    window.addEventListener('pagehide', close);\n"
    "    window.addEventListener('pageshow', open);\n"
    "    open();\n"
    "})();\n";

static void call_script(struct cgw_call *call)
{
    static const struct cgw_header fields[] = {
        CGW_HEADER("content-type", "text/javascript; charset=utf-8"),
        CGW_HEADER("x-content-type-options", "nosniff")};
    if (answer_is_get(call))
        answer_send(call, 200, fields, 2, (struct cgw_str)CGW_STR(script));
}

const struct cgw_app reload_script_app = {.magic = CGW_MAGIC,
                                          .abi_major = CGW_ABI_MAJOR,
                                          .abi_minor = CGW_ABI_MINOR,
                                          .size = sizeof(struct cgw_app),
                                          .name = "cgw reload script",
                                          .call = call_script};
