"""Bad days: no descriptors, no memory, no room for a log, a log that nobody reads."""
import mmap
import os
import re
import resource
import signal
import struct
import subprocess
import time

from wire_lab import Skip, need, until
from wire_peer import Failed
from wire_process import ignores

SHIM = os.path.abspath("tests/wire/allocshim.so")


def case_row_107_out_of_descriptors(lab):
    server = lab.serve("hello", ["--timeout-head", "60", "--timeout-keep-alive", "60"], first="ulimit -n 64")
    peers = [server.connect(30) for _ in range(120)]  # the kernel takes what the server cannot
    for peer in peers:
        peer.request("/")
    for peer in peers[:20]:
        need(peer.head().status == 200, "status %d" % peer.response.status)
    cpu, then = server.cpu_seconds(), time.monotonic()
    time.sleep(1.0)
    used, took = server.cpu_seconds() - cpu, time.monotonic() - then
    need(used < 0.3 * took, "the server spins: %.2f of %.2f s" % (used, took))
    need(server.log().count("\n") < 50, "the log fills: %d lines" % server.log().count("\n"))
    for begin, end in (60, 80), (80, 120):  # accepting goes on by itself when there is room
        for peer in peers[begin - 60:begin]:
            peer.close()
        for peer in peers[begin:end]:
            need(peer.head().status == 200, "status %d" % peer.response.status)
    for peer in peers:
        peer.close()
    need(server.ask("/").status == 200, "a request afterwards")


def unlogged(lab, options, **more):
    """A server whose error log cannot be read: known by its unix socket."""
    path = os.path.join(lab.bench.folder(), "socket")
    server = lab.serve("hello", ["--uds", path, *options], wait=False, **more)
    server.url = "unix:" + path
    until(lambda: answers(server), "it does not serve", 15 * lab.slow)
    return server


def answers(server):
    try:
        return server.ask("/").status == 200
    except (OSError, Failed):
        return False


def works_and_ends(server, requests):
    with server.connect(60) as peer:
        for _ in range(requests):
            need(peer.ask("/some/long/path/that/makes/a/line/of/the/access/log/longer").status == 200,
                 "a request")
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)


def case_row_105_the_disk_is_full_for_the_logs(lab):
    with open("/dev/full", "wb") as full:
        works_and_ends(lab.serve("hello", stdout=full), 300)
        works_and_ends(unlogged(lab, [], stdout=full, stderr=full), 300)
    works_and_ends(unlogged(lab, ["--error-log", "/dev/full", "--access-log-file", "/dev/full"]), 300)


def case_row_105_nobody_reads_the_log(lab):
    works_and_ends(lab.serve("hello", stdout=subprocess.PIPE), 5000)
    works_and_ends(unlogged(lab, ["--log-level", "debug"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE), 5000)


def case_row_105_the_reader_of_the_log_has_gone(lab):
    reader, writer = os.pipe()
    server = lab.serve("hello", stdout=writer)
    os.close(writer)
    os.close(reader)
    works_and_ends(server, 300)


def case_a_log_that_cannot_be_opened(lab):
    for option in "--error-log", "--access-log-file":
        server = lab.serve("hello", [option, "/nonexistent/folder/log"], wait=False)
        need(server.wait() in (1, 2), "%s: exit code %d" % (option, server.exit_code))
        need("/nonexistent/folder/log" in server.log(), "%s: the path is not named" % option)


# ---- memory

class Memory:
    """The preloaded counter of a server: see allocshim.c."""

    def __init__(self, lab):
        if lab.sanitized:
            raise Skip("a sanitizer has an allocator of its own")
        if not os.path.exists(SHIM):
            raise Skip("no %s: make check builds it" % SHIM)
        path = os.path.join(lab.bench.folder(), "allocations")
        with open(path, "wb") as file:
            file.write(bytes(40))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 40)
        self.env = {"ALLOCSHIM": path}

    def serve(self, lab, app, options=(), **more):
        """A server; what its worker allocates counts from now."""
        env = {**self.env, **more.pop("env", {})}
        server = lab.serve(app, list(options), env, preload=SHIM, **more)
        if more.get("wait", True):
            struct.pack_into("=Q", self.map, 32, server.worker)
        return server

    @property
    def count(self):
        return struct.unpack_from("=Q", self.map, 0)[0]

    def fail(self, nth, width=1):
        """Let the nth allocation from now fail, and those behind it."""
        struct.pack_into("=QQ", self.map, 8, 0, 0)
        struct.pack_into("=Q", self.map, 24, 0)
        first = self.count + nth
        struct.pack_into("=QQ", self.map, 8, first, first + width - 1)

    def disarm(self):
        """No more failures; how many there were."""
        struct.pack_into("=QQ", self.map, 8, 0, 0)
        return struct.unpack_from("=Q", self.map, 24)[0]


def allocations(memory, peer, at_once, requests):
    """Of so many requests; the worker's first tick, a second behind its start, may fall among them."""
    before = memory.count
    for _ in range(requests // at_once):
        peer.send(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n" * at_once)
        for _ in range(at_once):
            need(peer.head().status == 200, "a request")
    return memory.count - before


def case_row_1_a_hello_on_a_warm_connection_allocates_nothing(lab):
    for options in ["--no-access-log"], []:
        memory = Memory(lab)
        server = memory.serve(lab, "hello", options)
        with server.connect(60) as peer:
            for _ in range(300):
                peer.ask("/")
            need(memory.count > 0, "nothing is counted")
            for at_once, requests in (1, 1000), (160, 160):
                made = [allocations(memory, peer, at_once, requests) for _ in range(4)]
                need(0 in made, "%s: %s allocations in %d requests, %d at once" % (options, made, requests, at_once))


def outcome(server, data, method):
    """What comes of one exchange while memory fails: a status, 'closed' or 'cut'; never silence."""
    with server.connect(5) as peer:
        peer.send(data)
        try:
            while peer.head().status < 200:
                pass
            if method == "HEAD":
                peer.no_body()
            peer.body()
        except Failed as failed:
            if re.match("closed", str(failed)):
                return "closed"
            raise
        return "cut" if peer.response.cut else peer.response.status


def torture(memory, server, what, data, good, width, then="/hello"):
    """Fail each allocation of an exchange in turn, until there are none left to fail."""
    seen, worker = set(), server.worker
    for nth in range(1, 400):
        memory.fail(nth, width)
        try:
            found = outcome(server, data, data.split(b" ")[0].decode())
        except Failed as failed:
            raise Failed("%s, allocation %d of %d: %s" % (what, nth, width, failed)) from None
        failed = memory.disarm()
        need(found in good + (500, 503, "closed", "cut"), "%s, allocation %d: %s" % (what, nth, found))
        need(server.workers() == [worker], "%s, allocation %d: the worker has ended" % (what, nth))
        need(server.ask(then).status == 200, "%s, allocation %d: the next request" % (what, nth))
        seen.add(found)
        if not failed:
            need(found in good, "%s: %s though nothing failed" % (what, found))
            return seen
    raise Failed("%s: always another allocation" % what)


HOST = b" HTTP/1.1\r\nhost: test\r\n"
EXCHANGES = [
    ("hello", b"GET /hello" + HOST + b"\r\n"),
    ("scope", b"GET /a%20b?c=d" + HOST + b"".join(b"x-%d: y\r\n" % i for i in range(60)) + b"\r\n"),
    ("read", b"POST /read-body" + HOST + b"content-length: 100000\r\n\r\n" + bytes(100000)),
    ("chunks", b"POST /read-body" + HOST + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
    ("expect", b"POST /read-body" + HOST + b"expect: 100-continue\r\ncontent-length: 5\r\n\r\nhello"),
    ("stream", b"GET /stream?n=20&size=20000" + HOST + b"\r\n"),
    ("large", b"GET /large?size=2000000" + HOST + b"\r\n"),
    ("fields", b"GET /headers/1000" + HOST + b"\r\n"),
    ("head", b"HEAD /no-length" + HOST + b"\r\n"),
    ("pipelined", (b"GET /hello" + HOST + b"\r\n") * 3),
    ("thread", b"GET /thread?ms=1" + HOST + b"\r\n"),
    ("timer", b"GET /sleep?ms=1" + HOST + b"\r\n"),
    ("trailers", b"GET /trailers" + HOST + b"te: trailers\r\n\r\n"),
    ("informational", b"GET /informational?n=3" + HOST + b"\r\n"),
    ("error", b"GET /no-start" + HOST + b"\r\n"),
    ("malformed", b"GET / HTTP/1.1\r\nx\r\n\r\n"),
]


def torture_all(lab, app, options=(), names=None):
    memory = Memory(lab)
    server = memory.serve(lab, app, ["--timeout-linger", "0.2", *options])
    server.ask("/hello")
    for name, data in EXCHANGES:
        if names and name not in names:
            continue
        good = {"error": (500,), "malformed": (400,)}.get(name, (200,))
        for width in 1, 3, 1000:
            torture(memory, server, name, data, good, width)
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)


def case_row_104_every_allocation_fails_in_turn(lab):
    torture_all(lab, "probe", ["--forwarded-allow-ips", "*"])


def case_row_104_every_allocation_fails_in_turn_of_a_sync_application(lab):
    torture_all(lab, "probe_sync", names={"hello", "read", "chunks", "stream", "fields", "error"})


def case_row_104_every_allocation_fails_in_turn_of_the_modules(lab):
    root = lab.bench.folder()
    with open(os.path.join(root, "file"), "wb") as file:
        file.write(bytes(500000))
    for app, exchanges in (
            ("echo", [("get", b"GET /" + HOST + b"\r\n"),
                      ("post", b"POST /" + HOST + b"content-length: 300000\r\n\r\n" + bytes(300000)),
                      ("chunks", b"POST /" + HOST + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]),
            ("files", [("file", b"GET /file" + HOST + b"\r\n"), ("head", b"HEAD /file" + HOST + b"\r\n"),
                       ("range", b"GET /file" + HOST + b"range: bytes=5-400000\r\n\r\n")])):
        memory = Memory(lab)
        server = memory.serve(lab, app, ["--timeout-linger", "0.2"], env={"CGW_FILES_ROOT": root})
        for name, data in exchanges:
            for width in 1, 3, 1000:
                torture(memory, server, name, data, (200, 206), width, "/file")


def case_row_119_every_allocation_of_the_start_fails_in_turn(lab):
    for nth in [*range(1, 60), *range(60, 400, 7)]:
        memory = Memory(lab)
        struct.pack_into("=QQ", memory.map, 8, nth, nth)
        server = memory.serve(lab, "probe", wait=False)
        try:
            until(lambda: server.process.poll() is not None or "CGW0101" in server.log(),
                  "allocation %d: neither serves nor ends" % nth, 10)
            if server.process.poll() is None:
                server.signal("TERM")
            need(server.wait() in (0, 1, 2, 3), "allocation %d: exit code %d" % (nth, server.exit_code))
        finally:
            server.kill()


def limit_descriptors(server, soft):
    hard = resource.prlimit(server.worker, resource.RLIMIT_NOFILE)[1]
    resource.prlimit(server.worker, resource.RLIMIT_NOFILE, (soft, hard))


def case_row_107_descriptors_come_back_while_a_connection_lives(lab):
    server = lab.serve("probe", ["--timeout-head", "60", "--timeout-keep-alive", "60"])
    with server.connect(30) as living:
        need(living.ask("/hello").status == 200, "a request")
        before = resource.prlimit(server.worker, resource.RLIMIT_NOFILE)[0]
        limit_descriptors(server, server.descriptors() + 2)
        peers = [server.connect(30) for _ in range(8)]
        for peer in peers:
            peer.request("/hello")
        server.wait_log("CGW0402")
        cpu, then = server.cpu_seconds(), time.monotonic()
        time.sleep(1.0)
        used, took = server.cpu_seconds() - cpu, time.monotonic() - then
        need(used < 0.3 * took, "the server spins: %.2f of %.2f s" % (used, took))
        need(server.log().count("\n") < 20, "the log fills: %s" % server.log())
        need(living.ask("/hello").status == 200, "a request on a connection it has")
        limit_descriptors(server, before)
        for peer in peers:  # none of them has closed
            need(peer.head().status == 200, "status %d" % peer.response.status)
        for peer in peers:
            peer.close()


def case_files_beyond_the_limit_are_errors_and_end_nobody(lab):
    """What is too large for the start is said, not SIGXFSZ's."""
    server = lab.serve("probe", wait=False, first="ulimit -f 100")
    need(server.wait() == 1, "exit code %d" % server.exit_code)
    need("CGW0147" in server.log() and "File too large" in server.log(), server.log())
    server = lab.serve("probe")
    for pid in server.pid, server.worker:
        need(ignores(pid, signal.SIGPIPE, signal.SIGXFSZ), "a signal of write() ends %d" % pid)


def case_two_files_of_one_response_leave_no_descriptor(lab):
    path = os.path.join(lab.bench.folder(), "file")
    with open(path, "wb") as file:
        file.write(b"0123456789" * 1000)
    for app in "probe", "probe_sync":
        server = lab.serve(app)
        with server.connect() as peer:
            need(peer.ask("/hello").status == 200, "a request")
            before = server.descriptors()
            for _ in range(20):
                need(peer.ask("/file-twice?path=%s" % path).body == b"0123456789" * 2000, "another body")
            until(lambda s=server, n=before: s.descriptors() <= n,
                  "%s: %d descriptors, before %d" % (app, server.descriptors(), before), 5 * lab.slow)


def reopens_one(lab, server, bad, good):
    """USR1 while a folder stands where one log was; the other one is opened anew."""
    bad, good = (os.path.join(server.folder, name) for name in (bad, good))
    for path in bad, good:
        os.rename(path, path + ".1")
    os.mkdir(bad)
    try:
        server.signal("USR1")
        until(lambda: os.path.isfile(good), "%s is not opened anew" % good, 5 * lab.slow)
        if good == server.err:  # by the supervisor; its word to the worker comes later
            server.wait_log("CGW0115", 5 * lab.slow)
    finally:
        os.rmdir(bad)
        os.rename(bad + ".1", bad)


def case_row_105_a_log_that_cannot_be_opened_anew_does_not_keep_the_other(lab):
    for bad, good, name in ("err", "out", "error"), ("out", "err", "access"):
        server = lab.serve("probe", ["--error-log", "$TMP/err", "--access-log-file", "$TMP/out"])
        need(server.ask("/hello?first").status == 200, "a request")
        server.wait_access("first")
        reopens_one(lab, server, bad, good)
        server.wait_log("error CGW0115 .*log=" + name)
        need(server.ask("/hello?second").status == 200, "a request")
        server.wait_access("second")


def case_row_22_51_fields_of_the_command_line_in_every_answer(lab):
    long = [word for name in "abcd" for word in ("--header", "x-%s: %s" % (name, name * 3000))]
    server = lab.serve("probe", [*long, "--limit-concurrency", "1"])
    with server.connect() as busy:
        for request, status in ((b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/3.0\r\nhost: a\r\n\r\n", 505),
                                (b"GET /hello HTTP/1.1\r\nhost: a\r\nexpect: b\r\n\r\n", 417),
                                (b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n", 503)):
            if status == 503:
                busy.request("/hang-started")
                need(busy.head().status == 200, "status %d" % busy.response.status)
            with server.connect() as peer:
                peer.send(request)
                need(peer.head().status == status, "status %d" % peer.response.status)
                for name in "abcd":
                    need(peer.response.all("x-" + name) == [name * 3000], "x-%s in %d" % (name, status))
                need(peer.body(), "no body")
                peer.closed()
