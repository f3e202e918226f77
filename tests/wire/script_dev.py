"""Development: what a browser is shown while a build is broken, and pages that load themselves anew."""
import os
import re
import time

from wire_browser import Browser
from wire_lab import need, until

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = "-O1 -I" + os.path.join(HERE, "..", "..", "sdk", "include")
PAGE = [("accept", "text/html"), ("sec-fetch-mode", "navigate")]
API = [("accept", "application/json")]

# Answers each path with a page that says a word, and counts nothing.
SOURCE = """
#include <cgw/abi.h>
static const struct cgw_header fields[] = {CGW_HEADER("content-type", "text/html; charset=utf-8")};
static const struct cgw_str body = CGW_STR("<!doctype html>\\n<title>t</title><h1>%s</h1>\\n");
static void done(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}
static void answer(struct cgw_call *call)
{
    static struct cgw_event events[2];
    events[0] = cgw_event_start(200, fields, 1);
    events[1] = cgw_event_body(&body, 1, 0);
    int status = call->host->send(call, events, 2, done, 0);
    if (status != CGW_PENDING)
        done(call, status, 0);
}
CGW_APP(.kind = CGW_ASYNC, .name = "page", .call = answer);
"""


def save(path, text):
    """As editors do: written beside, moved into place."""
    with open(path + "~", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + "~", path)


def develop(lab, text, *options):
    """A server with --reload of one C file; the file's path."""
    path = os.path.join(lab.bench.folder(), "app.c")
    save(path, text)
    server = lab.serve(path, ["--reload", *options], env={"CFLAGS": FLAGS})
    return server, path


def answers(server, fields, status, pattern, target="/"):
    """Wait until a request with these fields is answered so; the response."""
    def once():
        response = server.ask(target, fields=fields)
        return response if response.status == status and re.search(pattern, response.body) else None
    return until(once, "no %d with %r for %s" % (status, pattern, fields), 30 * server.bench.slow)


def broken(word):
    return SOURCE % word + "\nint wrong(void) { return <undeclared>; }\n"


def case_row_136_a_browser_sees_why_and_programs_the_last_good_build(lab):
    server, path = develop(lab, SOURCE % "one")
    page = answers(server, PAGE, 200, b"<h1>one</h1>")
    need(re.search(rb'<script data-live="[-0-9a-f]+" src="/.cgw/reload.js"></script>', page.body), "no script")
    save(path, broken("two"))
    page = answers(server, PAGE, 500, rb"<b>[^<]*app\.c:\d+:\d+:</b>")
    need(page.get("content-type") == "text/html; charset=utf-8", "another type")
    need(page.get("cache-control") == "no-store", "it may be kept")
    need(b"return &lt;undeclared&gt;;" in page.body, "the source line is not there, or not escaped")
    need(b"<undeclared>" not in page.body, "something is not escaped")
    need(b"\x1b" not in page.body, "a terminal's bytes")
    for fields in API, [("accept", "*/*")], [("accept", "text/html"), ("sec-fetch-mode", "cors")]:
        need(b"<h1>one</h1>" in server.ask("/any", fields=fields).body, "%s does not get the last good build" % fields)
    save(path, SOURCE % "three")
    answers(server, API, 200, b"<h1>three</h1>")
    answers(server, PAGE, 200, b"<h1>three</h1>")


def case_row_136_without_a_first_build_there_is_a_page_too(lab):
    server, path = develop(lab, broken("one"))
    answers(server, PAGE, 500, rb"undeclared")
    response = server.ask("/", fields=API)
    need(response.status == 503, "status %d" % response.status)
    need(response.get("retry-after") == "1", "no retry-after")
    need(response.get("content-type") == "text/plain; charset=utf-8", "another type")
    need(b"app.c:" in response.body and b"<undeclared>" in response.body, "no compiler's lines")
    save(path, SOURCE % "two")
    answers(server, PAGE, 200, b"<h1>two</h1>")


class Stream:
    """An open event stream of the host's."""

    def __init__(self, server):
        self.peer = server.connect(60)
        self.peer.request("/.cgw/reload", fields=[("accept", "text/event-stream")])
        response = self.peer.head()
        need(response.status == 200, "status %d" % response.status)
        need(response.get("content-type") == "text/event-stream", "another type")

    def next(self):
        """The next event's data, or None: the stream has ended as it should."""
        while True:
            found = re.search(rb"data: (\S+)\n\n", self.peer.buf)
            if found:
                data, end = found[1].decode(), found.end()
                del found, self.peer.buf[:end]
                return data
            if b"\r\n0\r\n\r\n" in self.peer.buf or self.peer.buf.startswith(b"0\r\n\r\n"):
                return None
            need(self.peer.fill(), "the stream is cut off: %r" % bytes(self.peer.buf))

    def close(self):
        self.peer.close()


def live_of(page):
    return re.search(rb'data-live="([-0-9a-f]+)"', page.body)[1].decode()


def case_row_136_the_stream_tells_what_pages_say_of_themselves(lab):
    server, path = develop(lab, SOURCE % "one")
    one = live_of(answers(server, PAGE, 200, b"<h1>one</h1>"))
    stream = Stream(server)
    need(stream.next() == one, "the stream and the page do not agree")
    save(path, broken("two"))
    error = stream.next()
    need(error and error != one, "no event for the error")
    need(live_of(answers(server, PAGE, 500, b"undeclared")) == error, "the error page does not agree")
    save(path, SOURCE % "three")
    while stream.next():  # the end comes, and soon: the worker drains
        pass
    stream.close()
    three = live_of(answers(server, PAGE, 200, b"<h1>three</h1>"))
    need(three not in (one, error), "the new build has the id of an old one")
    stream = Stream(server)
    need(stream.next() == three, "the new worker's stream does not agree")
    stream.close()


def case_row_135_the_hosts_stream_does_not_hold_up_a_reload(lab):
    server, path = develop(lab, SOURCE % "one", "--timeout-graceful-shutdown", "60")
    answers(server, PAGE, 200, b"<h1>one</h1>")
    old = server.worker
    streams = [Stream(server) for _ in range(5)]
    for stream in streams:
        need(stream.next(), "no event")
    save(path, SOURCE % "two")
    answers(server, API, 200, b"<h1>two</h1>")
    began = time.monotonic()
    for stream in streams:
        while stream.next():
            pass
        stream.close()
    server.wait_workers(lambda workers: old not in workers, "the old worker stays", 20 * lab.slow)
    need(time.monotonic() - began < 20 * lab.slow, "it took a grace that is for applications")


def case_row_135_an_applications_stream_ends_within_the_grace_of_development(lab):
    path = os.path.join(lab.bench.folder(), "app.so")
    with open(lab.bench.app("probe"), "rb") as file:
        code = file.read()

    def install():
        with open(path + "~", "wb") as file:
            file.write(code)
        os.replace(path + "~", path)

    install()
    server = lab.serve(path, ["--reload"])
    old = server.worker
    with server.connect(60) as peer:
        peer.request("/hang-started")
        need(peer.head().status == 200, "status %d" % peer.response.status)
        install()
        peer.body()
        need(peer.eof, "the connection is kept")
    server.wait_workers(lambda workers: workers and old not in workers, "the old worker stays", 20 * lab.slow)
    need(server.ask("/hello").body == b"Hello, world!\n", "the new worker does not answer")


def case_row_136_nothing_of_this_outside_development(lab):
    server = lab.serve("hello")
    for target in "/.cgw/reload", "/.cgw/reload.js":
        response = server.ask(target, fields=PAGE)
        need(response.body == b"Hello, world!\n", "%s is not the application's" % target)


HEADING = "document.querySelector('h1') && document.querySelector('h1').innerText === '%s'"


def case_row_136_a_page_in_a_browser_loads_itself_anew(lab):
    server, path = develop(lab, SOURCE % "one")
    with Browser(lab) as browser:
        browser.show(server.url + "/page")
        browser.wait(HEADING % "one", "no page")
        browser.value("window.before = 1")
        save(path, SOURCE % "two")
        browser.wait(HEADING % "two" + " && !window.before", "the page stays as it was")
        save(path, broken("three"))
        browser.wait("document.querySelector('.error') !== null", "no error page")
        need("undeclared" in browser.value("document.querySelector('pre').innerText"), "no lines")
        save(path, SOURCE % "four")
        browser.wait(HEADING % "four", "the error page stays")
        # It is quiet again: what the page was marked with stays for longer than three tries last.
        browser.value("window.quiet = 1")
        time.sleep(2.5)
        need(browser.value("window.quiet") == 1, "the page goes on loading itself")


def case_row_136_a_page_in_a_browser_survives_a_restart_of_the_server(lab):
    server, path = develop(lab, SOURCE % "one")
    with Browser(lab) as browser:
        browser.show(server.url + "/page")
        browser.wait(HEADING % "one", "no page")
        port = server.port
        server.stop()
        browser.value("window.before = 1")
        time.sleep(1)
        need(browser.value("window.before") == 1, "the page has gone with the server")
        save(path, SOURCE % "two")
        lab.serve(path, ["--reload", "--port", str(port)], env={"CFLAGS": FLAGS})
        browser.wait(HEADING % "two", "the page stays as it was")


def case_row_136_a_page_with_a_policy_of_self_loads_itself_anew(lab):
    server, path = develop(lab, SOURCE % "one", "--header", "content-security-policy: default-src 'self'")
    with Browser(lab) as browser:
        browser.show(server.url + "/page")
        browser.wait(HEADING % "one", "no page")
        save(path, SOURCE % "two")
        browser.wait(HEADING % "two", "the page stays as it was")
        save(path, broken("three"))
        browser.wait("document.querySelector('.error') !== null", "no error page")
