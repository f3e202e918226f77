"""Stopping: who is still served, who may not hold it up, what is left behind."""
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import time

from wire_lab import need, until
from script_life import GET, WHOLE_LIFE, bound, life_of, lines_of, probe_log

# More than the kernel holds of a unix socket: the rest waits in the server, behind a call that is over.
MUCH = 300000
HOLDS_MUCH = ["--uds", "$TMP/socket", "--send-high-water", "1M"]


def slow_reader(lab, server):
    """A client that has asked for much and has read no more than the head."""
    peer = server.connect(30, receive_buffer=4096)
    peer.request("/stream?n=%d&size=1000&cl=1" % (MUCH // 1000))
    need(peer.head().status == 200, "status %d" % peer.response.status)
    until(lambda: server.ask("/hello").status == 200, "another client", 10 * lab.slow)
    return peer


def reads_slowly(peer, pause):
    total = len(peer.buf)
    peer.buf.clear()
    while total < MUCH:
        peer.sock.settimeout(peer.left())
        data = peer.sock.recv(30000)
        need(data, "the end after %d of %d bytes" % (total, MUCH))
        total += len(data)
        time.sleep(pause)
    peer.response.body = b""


def case_row_106_112_a_slow_reader_outlives_the_idle_deadline(lab):
    for app in "probe", "probe_sync":
        server = lab.serve(app, [*HOLDS_MUCH, "--timeout-keep-alive", "0.2s"])
        with slow_reader(lab, server) as peer:
            time.sleep(0.5 * lab.slow)
            reads_slowly(peer, 0.02)
            peer.closed()


def case_row_112_123_a_slow_reader_gets_all_while_the_server_drains(lab):
    for app in "probe", "probe_sync":
        server = lab.serve(app, HOLDS_MUCH)
        with slow_reader(lab, server) as peer:
            server.signal("TERM")
            server.wait_log("CGW0104")
            time.sleep(1.5)
            reads_slowly(peer, 0.02)
            peer.closed()
        need(server.wait() == 0, "exit code %d" % server.exit_code)


def stays(server, request):
    """A client that never closes by itself."""
    peer = server.connect(60, receive_buffer=4096)
    peer.send(request)
    return peer


def case_row_124_clients_that_do_not_close_do_not_spoil_the_end(lab):
    for request in (GET % b"/hang", GET % b"/hang-started", GET % b"/endless", GET % b"/large?size=300000",
                    b"POST /hang HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\nabc",
                    b"POST /no-read HTTP/1.1\r\nhost: test\r\ncontent-length: 9\r\n\r\nabc"):
        server = lab.serve("probe", ["--uds", "$TMP/socket", "--timeout-graceful-shutdown", "0.3s",
                                     "--timeout-linger", "60"])
        peer = stays(server, request)
        until(lambda s=server: s.ask("/hello").status == 200, "another client")
        server.signal("TERM")
        need(server.wait() == 0, "%r: exit code %d" % (request, server.exit_code))
        peer.close()


def case_row_123_a_kept_promise_to_keep_alive(lab):
    server = lab.serve("probe")
    with server.connect() as peer:
        peer.request("/stream?n=20&size=100&ms=30")
        need(peer.head().get("connection") is None, "connection: %s" % peer.response.get("connection"))
        server.signal("TERM")
        server.wait_log("CGW0104")
        need(len(peer.body()) == 2000, "another body")
        peer.request("/hello")
        need(peer.head().status == 200, "status %d" % peer.response.status)
        need(peer.response.get("connection") == "close", "no connection: close")
        need(peer.body() == b"Hello, world!\n", "another body")
        peer.closed()
    need(server.wait() == 0, "exit code %d" % server.exit_code)


def case_row_125_two_signals_end_a_server_whose_loop_is_held(lab):
    log = probe_log(lab)
    server = lab.serve("probe", env={"PROBE_LOG": log})
    with server.connect() as peer:
        peer.request("/block?ms=300000")
        until(lambda: "call GET /block" in lines_of(log), "no call", 10 * lab.slow)
        server.signal("TERM")
        time.sleep(0.1)
        need(server.process.poll() is None, "it ends at the first signal")
        server.signal("TERM")
        need(server.wait() == 1, "exit code %d" % server.exit_code)


def case_row_105_125_what_is_cut_off_by_force_is_in_the_access_log(lab):
    for app in "probe", "probe_sync":
        server = lab.serve(app, ["--access-log-format", "%m %U %s %X"])
        with server.connect() as peer, server.connect() as other:
            peer.request("/hang-started?id=a")
            need(peer.head().status == 200, "status %d" % peer.response.status)
            other.request("/hang-forever")
            until(lambda s=server: s.ask("/hello").status == 200, "another client")
            server.signal("TERM")
            server.wait_log("CGW0104")
            time.sleep(0.1)  # two at once are one
            server.signal("TERM")
            need(server.wait() == 1, "exit code %d" % server.exit_code)
        server.wait_access(r"^GET /hang-started (200|499) X$")
        server.wait_access(r"^GET /hang-forever (499|-) X$")


# ---- the application's life

def case_row_118_123_an_application_that_leaves_its_lifespan_early(lab):
    for app in "probe", "probe_sync":
        log = probe_log(lab)
        server = lab.serve(app, env={"PROBE_LOG": log, "PROBE_STARTUP": "leave"})
        need(server.ask("/hello").status == 200, "a request")
        server.signal("TERM")
        need(server.wait() == 0, "exit code %d" % server.exit_code)
        need(life_of(log) == WHOLE_LIFE[:2], "the log says %s" % life_of(log))
        need("CGW0110" not in server.log(), "a shutdown was waited for: %s" % server.log())


# ---- unix sockets

def case_row_123_137_the_socket_file_goes_with_its_server(lab):
    for app in "probe", "probe_sync", "hello":
        for env in {}, {"PROBE_STARTUP": "leave"}:
            server = lab.serve(app, ["--uds", "$TMP/socket"], env)
            path = server.address()[1]
            need(server.ask("/hello").status == 200, "a request")
            server.signal("TERM")
            need(server.wait() == 0, "exit code %d" % server.exit_code)
            need(not os.path.lexists(path), "%s is still there" % path)


def busy_server(lab, path):
    server = lab.serve("probe", ["--uds", path])
    busy = server.connect()
    busy.request("/hang")
    need(server.ask("/hello").status == 200, "a request")
    return server, busy


def ends_and_leaves(old, busy, new, path):
    busy.close()
    need(old.wait() == 0, "exit code %d" % old.exit_code)
    need(os.path.exists(path), "the old server has taken the new one's path away")
    need(new.ask("/hello").status == 200, "the new server")


def case_row_123_137_the_next_server_takes_the_path_while_the_old_one_drains(lab):
    path = os.path.join(lab.bench.folder(), "socket")
    old, busy = busy_server(lab, path)
    old.signal("TERM")
    until(lambda: not os.path.lexists(path), "the path is not free", 10 * lab.slow)
    ends_and_leaves(old, busy, lab.serve("probe", ["--uds", path]), path)


def case_row_123_137_the_next_server_takes_the_path_that_somebody_made_free(lab):
    path = os.path.join(lab.bench.folder(), "socket")
    old, busy = busy_server(lab, path)
    os.unlink(path)
    new = lab.serve("probe", ["--uds", path])
    old.signal("TERM")
    ends_and_leaves(old, busy, new, path)


# ---- a listener of somebody else's

def outlives(lab, family, address):
    with bound(family, address) as sock:
        server = lab.serve("probe", ["--fd", str(sock.fileno())], pass_fds=(sock.fileno(),))
        with server.connect(30) as peer:
            need(peer.ask("/hello").status == 200, "a request")
            sock.shutdown(socket.SHUT_RDWR)
            cpu, then = server.cpu_seconds(), time.monotonic()
            time.sleep(1.0)
            used, took = server.cpu_seconds() - cpu, time.monotonic() - then
            need(used < 0.3 * took, "the server spins: %.2f of %.2f s" % (used, took))
            need(server.log().count("\n") < 20, "the log fills: %s" % server.log())
            need(peer.ask("/hello").status == 200, "a request on a connection it has")


def case_row_138_a_listener_that_its_owner_has_shut_down(lab):
    outlives(lab, socket.AF_INET, ("127.0.0.1", 0))


def case_row_138_a_unix_listener_that_its_owner_has_shut_down(lab):
    outlives(lab, socket.AF_UNIX, os.path.join(lab.bench.folder(), "s"))


# ---- signals

def case_row_123_an_ignored_interrupt_stays_ignored(lab):
    server = lab.serve("probe", first="trap '' INT")
    worker = server.worker
    server.signal("INT")
    time.sleep(0.3)
    need(server.ask("/hello").status == 200, "a request")
    need(server.worker == worker and "CGW0104" not in server.log(), "it stops")


def on_a_terminal(lab, first):
    """A server that leads a session and has a terminal; process, log, our end of the terminal."""
    master, slave = pty.openpty()
    errors = os.path.join(lab.bench.folder(), "err")
    with open(errors, "wb") as file:
        process = lab.bench.spawn(
            ["sh", "-c", first + ' exec "$@" <>"$0"', os.ttyname(slave), lab.bench.server, "--port", "0",
             lab.bench.app("probe")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file)
    os.close(slave)
    return process, errors, master


def case_row_131_123_a_lost_terminal_ends_what_a_wish_reloads(lab):
    """SIGHUP is both. Started by nohup a server outlives its terminal, and still takes the wish."""
    for first, outlives_it in ("", False), ("trap '' HUP;", True):
        process, errors, terminal = on_a_terminal(lab, first)

        def says(pattern, log=pathlib.Path(errors)):
            until(lambda: re.search(pattern, log.read_text("utf-8", "replace")), "no " + pattern, 20 * lab.slow)

        says("CGW0101")
        process.send_signal(signal.SIGHUP)
        says("CGW0144.*generation=2")
        os.close(terminal)
        if outlives_it:
            time.sleep(0.3)
            process.send_signal(signal.SIGHUP)
            says("CGW0144.*generation=3")
            process.terminate()
        says("CGW0149.*signal=%d" % (signal.SIGTERM if outlives_it else signal.SIGHUP))
        need(process.wait(20 * lab.slow) == 0, "exit code %d" % process.returncode)
        lab.bench.reap(process)
