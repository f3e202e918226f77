"""Startup, shutdown, drain under load, listeners."""
import os
import selectors
import socket
import stat
import time

from wire_lab import Skip, need, until

GET = b"GET %s HTTP/1.1\r\nhost: test\r\n\r\n"


def lines_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def life_of(path):
    return [line for line in lines_of(path) if not line.startswith(("call", "result"))]


def probe_log(lab):
    return os.path.join(lab.bench.folder(), "probe.log")


WHOLE_LIFE = ["startup", "startup.complete", "shutdown", "shutdown.complete"]


def case_row_118_startup_is_complete_before_a_request_is_taken(lab):
    for app in "probe", "probe_sync":
        log = probe_log(lab)
        path = os.path.join(os.path.dirname(log), "socket")
        server = lab.serve(app, ["--uds", path], {"PROBE_LOG": log, "PROBE_STARTUP": "slow:600"},
                           wait=False)
        until(lambda: "startup" in lines_of(log), "no startup", 10 * lab.slow)
        early = None
        while "startup.complete" not in lines_of(log) and early is None:
            try:
                early = socket.socket(socket.AF_UNIX)
                early.connect(path)
                early.sendall(GET % b"/early")
            except OSError:
                early = None
                time.sleep(0.01)
        server.url = server.wait_log(r"CGW0101 serving url=(\S+)", 10 * lab.slow).group(1)
        need(server.ask("/hello").status == 200, "a request")
        lines = lines_of(log)
        need(lines[:2] == WHOLE_LIFE[:2], "the log begins with %s" % lines[:3])
        if early:
            early.close()


def case_row_118_123_a_whole_life(lab):
    for app in "probe", "probe_sync":
        log = probe_log(lab)
        server = lab.serve(app, env={"PROBE_LOG": log})
        server.ask("/hello")
        server.signal("TERM")
        need(server.wait() == 0, "exit code %d" % server.exit_code)
        need(life_of(log) == WHOLE_LIFE, "the log says %s" % life_of(log))


def case_row_122_term_during_startup_runs_the_shutdown(lab):
    for app in "probe", "probe_sync":
        log = probe_log(lab)
        server = lab.serve(app, env={"PROBE_LOG": log, "PROBE_STARTUP": "slow:1000"}, wait=False)
        until(lambda: "startup" in lines_of(log), "no startup", 10 * lab.slow)
        server.signal("TERM")
        need(server.wait() == 0, "exit code %d" % server.exit_code)
        need(life_of(log) == WHOLE_LIFE, "the log says %s" % life_of(log))
        need("CGW0101" not in server.log(), "it served")


def case_row_119_a_failed_startup_gets_no_shutdown(lab):
    log = probe_log(lab)
    server = lab.serve("probe", env={"PROBE_LOG": log, "PROBE_STARTUP": "fail"}, wait=False)
    need(server.wait() == 3, "exit code %d" % server.exit_code)
    need(life_of(log) == ["startup", "startup.failed"], "the log says %s" % life_of(log))


def case_row_124_past_the_grace_calls_are_cancelled_and_shutdown_still_runs(lab):
    for app in "probe", "probe_sync":
        log = probe_log(lab)
        server = lab.serve(app, ["--timeout-graceful-shutdown", "0.5s"], {"PROBE_LOG": log})
        peers = [server.connect() for _ in range(3)]
        for number, peer in enumerate(peers):
            peer.request("/hang-started?id=hang%d" % number)
            need(peer.head().status == 200, "no start")
        server.signal("TERM")
        need(server.wait() == 0, "exit code %d" % server.exit_code)
        server.wait_log(r"CGW.*\b3\b")
        need(life_of(log) == WHOLE_LIFE, "the log says %s" % life_of(log))
        told = [line for line in lines_of(log) if line.startswith("result hang")]
        need(len(told) == 3 and all(line.endswith("-4") for line in told), "told: %s" % told)


def case_row_124_a_call_that_never_ends_does_not_keep_the_server(lab):
    for app in "probe", "probe_sync":
        log = probe_log(lab)
        server = lab.serve(app, ["--timeout-graceful-shutdown", "0.3s", "--timeout-shutdown", "0.5s"],
                           {"PROBE_LOG": log})
        peer = server.connect()
        peer.request("/hang-forever")
        until(lambda: "call GET /hang-forever" in lines_of(log), "no call", 10 * lab.slow)
        server.signal("TERM")
        server.wait()
        need(server.exit_code >= 0, "ended by signal %d" % -server.exit_code)


class Crowd:
    """Keep-alive clients that ask as fast as they are answered, on one selector."""

    def __init__(self, server, count, targets):
        self.selector, self.targets = selectors.DefaultSelector(), targets
        self.asked = self.answered = self.lost = 0
        for number in range(count):
            family, address = server.address()
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.connect(address)
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ, [b"", False, number])
            self.ask(sock, self.selector.get_key(sock).data)

    def ask(self, sock, state):
        state[0] = b""
        sock.sendall(GET % self.targets[(self.asked + state[2]) % len(self.targets)])
        self.asked += 1

    def turn(self, key):
        sock, state = key.fileobj, key.data
        try:
            data = sock.recv(65536)
        except OSError:
            data = b""
        state[0] += data
        head, _, body = state[0].partition(b"\r\n\r\n")
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        whole = length and len(body) >= int(length)
        if whole:
            self.answered += 1
            last = b"\r\nconnection: close" in head
        if whole and not last:
            try:
                self.ask(sock, state)
                return
            except OSError:
                self.lost += 1
        elif data and not whole:
            return
        elif not whole:
            self.lost += 1
        self.selector.unregister(sock)
        sock.close()

    def run(self, seconds):
        """Until so much time has passed, or no client is left."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.selector.get_map():
            for key, _ in self.selector.select(0.1):
                self.turn(key)


def case_row_123_drain_under_load_loses_no_request(lab):
    for app, targets in (("probe", [b"/hello", b"/sleep?ms=3", b"/hello", b"/large?size=100000"]),
                         ("hello", [b"/"]), ("probe_sync", [b"/hello", b"/sleep?ms=5"])):
        server = lab.serve(app)
        crowd = Crowd(server, 50, targets)
        crowd.run(0.5)
        server.signal("TERM")
        crowd.run(10 * lab.slow)
        need(not crowd.selector.get_map(), "%s: connections stay open" % app)
        need(crowd.asked > 100, "%s: only %d requests" % (app, crowd.asked))
        need(crowd.lost == 0 and crowd.answered == crowd.asked, "%s: %d of %d requests lost" %
             (app, crowd.asked - crowd.answered, crowd.asked))
        need(server.wait() == 0, "exit code %d" % server.exit_code)


def case_row_123_connections_in_the_backlog_are_answered(lab):
    log = probe_log(lab)
    server = lab.serve("probe", [], {"PROBE_LOG": log})
    with server.connect() as busy:
        busy.request("/block?ms=500")
        until(lambda: "call GET /block" in lines_of(log), "no call", 10 * lab.slow)
        waiting = [server.connect() for _ in range(20)]  # the loop is blocked: nobody accepts these
        for peer in waiting:
            peer.request("/hello")
        server.signal("TERM")
        for peer in waiting:
            need(peer.head().status == 200, "status %d" % peer.response.status)
            need(peer.body() == b"Hello, world!\n", "another body")
        need(busy.head().status == 200, "the busy one")
    need(server.wait() == 0, "exit code %d" % server.exit_code)


def case_row_125_a_second_signal_ends_a_call_that_never_ends(lab):
    for app in "probe", "probe_sync":
        log = probe_log(lab)
        server = lab.serve(app, env={"PROBE_LOG": log})
        peer = server.connect()
        peer.request("/hang-forever")
        until(lambda: "call GET /hang-forever" in lines_of(log), "no call", 10 * lab.slow)
        server.signal("INT")
        time.sleep(0.2)
        need(server.process.poll() is None, "it ends at the first signal")
        server.signal("INT")
        need(server.wait() != 0, "exit code 0")


# ---- listeners

def bound(family, address):
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.bind(address)
    sock.listen(64)
    return sock


def case_row_126_a_port_that_is_taken(lab):
    with bound(socket.AF_INET, ("127.0.0.1", 0)) as taken:
        log, port = probe_log(lab), taken.getsockname()[1]
        server = lab.serve("probe", ["--port", str(port)], {"PROBE_LOG": log}, wait=False)
        need(server.wait() == 1, "exit code %d" % server.exit_code)
        need(str(port) in server.log(), "the port is not named: %s" % server.log())
        need(life_of(log) in ([], WHOLE_LIFE), "the log says %s" % life_of(log))


def case_row_85_138_ipv6(lab):
    try:
        bound(socket.AF_INET6, ("::1", 0)).close()
    except OSError:
        raise Skip("no ::1 here") from None
    server = lab.serve("probe", ["--host", "::1", "--port", "0"])
    lines = server.ask("/x").body.decode().splitlines()
    need(any(line.startswith("client: ::1 ") for line in lines), "client: %s" % lines)
    need("server: ::1 %d" % server.port in lines, "server: %s" % lines)


def case_row_137_modes(lab):
    for options, mode in ([], 0o660), (["--uds-mode", "0600"], 0o600), (["--uds-mode", "666"], 0o666):
        server = lab.serve("hello", ["--uds", "$TMP/socket", *options])
        found = stat.S_IMODE(os.stat(server.address()[1]).st_mode)
        need(found == mode, "mode %o where %o is due" % (found, mode))
        need(server.ask("/").status == 200, "a request")


def uds(lab, make):
    path = os.path.join(lab.bench.folder(), "socket")
    make(path)
    return path


def case_row_137_a_stale_socket_is_replaced(lab):
    path = uds(lab, lambda path: bound(socket.AF_UNIX, path).close())
    server = lab.serve("hello", ["--uds", path])
    need(server.ask("/").status == 200, "a request")


def refuses(lab, path):
    before = os.lstat(path)
    server = lab.serve("hello", ["--uds", path], wait=False)
    need(server.wait() == 1, "exit code %d" % server.exit_code)
    need(path in server.log(), "the path is not named: %s" % server.log())
    need(os.lstat(path).st_ino == before.st_ino, "what was there is gone")


def case_row_137_a_live_socket_is_refused(lab):
    server = lab.serve("hello", ["--uds", "$TMP/socket"])
    refuses(lab, server.address()[1])
    need(server.ask("/").status == 200, "the first server")


def case_row_137_a_symbolic_link_is_refused(lab):
    path = uds(lab, lambda path: os.symlink(path + ".other", path))
    refuses(lab, path)
    other = uds(lab, lambda path: bound(socket.AF_UNIX, path).close())
    refuses(lab, uds(lab, lambda path: os.symlink(other, path)))
    need(os.path.exists(other), "the socket behind the link is gone")


def case_row_137_another_file_is_refused(lab):
    def make(path):
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
    refuses(lab, uds(lab, make))


def case_row_138_an_inherited_descriptor(lab):
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)),
                            (socket.AF_UNIX, os.path.join(lab.bench.folder(), "s"))):
        with bound(family, address) as sock:
            server = lab.serve("hello", ["--fd", str(sock.fileno())], pass_fds=(sock.fileno(),))
            if family == socket.AF_INET:
                need(server.port == sock.getsockname()[1], "another port: %s" % server.url)
            need(server.ask("/").status == 200, "a request")


def case_row_138_descriptor_0(lab):
    with bound(socket.AF_INET, ("127.0.0.1", 0)) as sock:
        server = lab.serve("hello", ["--fd", "0"], stdin=sock.fileno())
        need(server.port == sock.getsockname()[1], "another port: %s" % server.url)
        need(server.ask("/").status == 200, "a request")


def case_row_138_a_descriptor_that_is_none(lab):
    server = lab.serve("hello", ["--fd", "77"], wait=False)
    need(server.wait() in (1, 2), "exit code %d" % server.exit_code)
    with open("/dev/null", "rb") as file:
        server = lab.serve("hello", ["--fd", str(file.fileno())], wait=False, pass_fds=(file.fileno(),))
        need(server.wait() in (1, 2), "exit code %d" % server.exit_code)
