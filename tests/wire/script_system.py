"""What the server is to its system: sockets of others, service managers, pid files, users, sandboxes."""
import os
import re
import signal
import socket
import stat
import time

import wire_process
from script_life import bound
from script_workers import AWAY, all_new, count, says, upgrade
from wire_crowd import Crowd, kill_worker
from wire_lab import Skip, long, need, until

LOAD = {"keep": 4, "fresh": 4}

MANAGER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wire_manager.py")


def managed(lab, sockets, names=None, options=(), env=(), **more):
    """A server that gets these sockets from its manager."""
    env = dict(env, TEST_SERVER=lab.bench.server, TEST_FDS=",".join(str(sock.fileno()) for sock in sockets))
    if names:
        env["LISTEN_FDNAMES"] = ":".join(names)
    return lab.serve("probe", list(options), env, binary=MANAGER,
                     pass_fds=[sock.fileno() for sock in sockets], **more)


def sockets_of(lab, *families):
    """Listening ones; a path for a unix socket is made up."""
    made = []
    for family in families:
        address = ("127.0.0.1", 0) if family == socket.AF_INET else os.path.join(lab.bench.folder(), "s")
        made.append(bound(family, address))
    return made


def asks(sock, target="/hello"):
    """A request to whatever the listening socket is bound to; the whole answer."""
    with socket.socket(sock.family) as peer:
        peer.settimeout(20)
        peer.connect(sock.getsockname())
        peer.sendall(b"GET %s HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n" % target.encode())
        answer = b""
        while True:
            data = peer.recv(65536)
            if not data:
                return answer
            answer += data


def ok(sock, target="/hello"):
    return asks(sock, target).startswith(b"HTTP/1.1 200 ")


# ---- sockets that somebody else has opened

def case_row_137_138_a_manager_gives_sockets(lab):
    sockets = sockets_of(lab, socket.AF_INET, socket.AF_UNIX, socket.AF_INET)
    path = sockets[1].getsockname()
    for workers in "1", "3":
        server = managed(lab, sockets, ["http", "unix", "metrics"], ["--workers", workers, "--port", "1"])
        need(server.port == sockets[0].getsockname()[1], "another address: %s" % server.url)
        need(count(server, 101) == 2, "it serves at %d addresses" % count(server, 101))
        for _ in range(4):
            need(ok(sockets[0]) and ok(sockets[1]), "a request")
        until(lambda: ok(sockets[2], "/readyz"), "the metrics' own socket", AWAY * lab.slow)
        before = server.workers()
        server.signal("HUP")
        all_new(server, before, int(workers))
        need(ok(sockets[0]) and ok(sockets[1]), "a request after a reload")
        server.signal("TERM")
        need(server.wait() == 0, "exit code %d" % server.exit_code)
        need(stat.S_ISSOCK(os.lstat(path).st_mode), "the manager's socket file is gone")


def case_row_138_the_operator_overrules_a_manager(lab):
    mine, theirs = sockets_of(lab, socket.AF_INET, socket.AF_INET)
    server = managed(lab, [theirs, mine], None, ["--fd", "4"])
    need(server.port == mine.getsockname()[1], "another address: %s" % server.url)
    need(ok(mine) and count(server, 101) == 1, "a request")


def case_row_138_a_manager_gives_what_does_not_listen(lab):
    with socket.socket(socket.AF_INET) as sock:
        server = managed(lab, [sock], wait=False)
        need(server.wait() == 1, "exit code %d" % server.exit_code)
        server.wait_log(r"CGW0102 descriptor 3 \(LISTEN_FDS\)")


@long
def case_row_137_138_sockets_of_a_manager_outlive_an_upgrade(lab):
    sockets = sockets_of(lab, socket.AF_INET, socket.AF_UNIX, socket.AF_INET)
    path = sockets[1].getsockname()
    server = managed(lab, sockets, ["http", "unix", "metrics"], ["--workers", "2"])
    with Crowd(server, **LOAD) as crowd:
        for _ in range(2):
            crowd.wait_answers(50)
            need(upgrade(lab, server) == 0, "the old supervisor did not end well")
    crowd.judge(100)
    need(ok(sockets[1]), "a request by the unix socket")
    until(lambda: ok(sockets[2], "/healthz"), "the metrics' own socket", AWAY * lab.slow)
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    need(stat.S_ISSOCK(os.lstat(path).st_mode), "the manager's socket file is gone")


# ---- our own sockets, with several workers

def listening(port):
    """How many sockets listen there."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    return sum(row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port for row in rows)


def case_a_socket_for_each_worker(lab):
    server = lab.serve("probe", ["--workers", "3", "--reuseport"])
    need(listening(server.port) == 3, "%d sockets listen" % listening(server.port))
    peers = [server.connect() for _ in range(48)]
    need(all(peer.ask("/hello").status == 200 for peer in peers), "a request")
    had = [len(wire_process.peers_of(pid, server.port)) for pid in server.workers()]
    need(len(had) == 3 and all(had), "the workers have %s connections" % had)


@long
def case_sockets_of_workers_lose_nothing(lab):
    server = lab.serve("probe", ["--workers", "2", "--reuseport"], may_lose_workers=True)
    with Crowd(server, **LOAD) as crowd:
        for name, workers in ("TTIN", 3), ("TTOU", 2), ("TTOU", 1), ("TTIN", 2):
            crowd.wait_answers(50)
            before = server.workers()
            server.signal(name)
            server.wait_workers(lambda now, n=workers: len(now) == n, "%d workers" % workers, AWAY * lab.slow)
            until(lambda n=workers, old=before: not set(server.workers()) & set(old) or n == len(old),
                  "each has other sockets now", AWAY * lab.slow)
            need(listening(server.port) >= workers, "%d sockets listen" % listening(server.port))
        crowd.wait_answers(50)
        before = server.workers()
        server.signal("HUP")
        all_new(server, before, 2)
        crowd.wait_answers(50)
        gone = server.workers()[0]
        kill_worker(server, gone, [crowd])
        server.wait_workers(lambda now: len(now) == 2 and gone not in now, "a replacement", AWAY * lab.slow)
        need(upgrade(lab, server) == 0, "the old supervisor did not end well")
        crowd.wait_answers(50)
    crowd.judge(200)


def case_row_137_a_killed_worker_leaves_the_socket_file(lab):
    server = lab.serve("probe", ["--uds", "$TMP/socket", "--workers", "2"], may_lose_workers=True)
    path = server.address()[1]
    inode = os.lstat(path).st_ino
    before = server.workers()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    all_new(server, before, 2)
    before = server.workers()
    server.signal("HUP")
    all_new(server, before, 2)
    need(os.lstat(path).st_ino == inode and says(server, "/hello", 200), "the socket file")
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    need(not os.path.lexists(path), "%s is still there" % path)


def case_row_137_metrics_have_a_socket_file(lab):
    server = lab.serve("probe", ["--metrics", "unix:$TMP/metrics", "--workers", "2"])
    path = os.path.join(server.folder, "metrics")

    def is_ready():
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(20)
            peer.connect(path)
            peer.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            return b" 200 " in peer.recv(65536)

    until(is_ready, "ready", AWAY * lab.slow)
    need(upgrade(lab, server) == 0, "the old supervisor did not end well")
    until(is_ready, "ready after an upgrade", AWAY * lab.slow)
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    need(not os.path.lexists(path), "%s is still there" % path)


# ---- the service manager

class Manager:
    """The socket that a service manager listens on."""

    def __init__(self, lab, is_abstract=False):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.name = os.path.join(lab.bench.folder(), "notify")
        self.sock.bind("\0" + self.name[1:] if is_abstract else self.name)
        if is_abstract:
            self.name = "@" + self.name[1:]
        self.sock.settimeout(30 * lab.slow)
        self.heard = []

    def wait(self, wanted):
        """The next message that has it; those before are kept in heard."""
        while True:
            text = self.sock.recv(4096).decode()
            self.heard.append(text)
            if wanted in text:
                return text


@long
def case_a_manager_is_told(lab):
    for is_abstract in False, True:
        manager = Manager(lab, is_abstract)
        server = lab.serve("probe", ["--workers", "2"],
                           {"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "200000"})
        manager.wait("READY=1")
        manager.heard.clear()
        manager.wait("WATCHDOG=1")
        server.signal("HUP")
        text = manager.wait("RELOADING=1")
        need(re.search(r"^MONOTONIC_USEC=\d+$", text, re.MULTILINE), "a time: %s" % text)
        manager.wait("READY=1")
        old = server.pid
        need(upgrade(lab, server) == 0, "the old supervisor did not end well")
        need(manager.wait("MAINPID=") == "MAINPID=%d" % server.pid and server.pid != old, "the number")
        manager.heard.clear()
        for _ in range(3):
            manager.wait("WATCHDOG=1")  # the new one's, as the old one is gone
        need(not any("STOPPING" in text for text in manager.heard), "the old one stops: %s" % manager.heard)
        server.signal("TERM")
        manager.wait("STOPPING=1")
        need(server.wait() == 0, "exit code %d" % server.exit_code)


def case_a_manager_is_not_told_of_what_does_not_start(lab):
    manager = Manager(lab)
    server = lab.serve("probe", [], {"NOTIFY_SOCKET": manager.name, "PROBE_STARTUP": "fail"}, wait=False)
    need(server.wait() == 3, "exit code %d" % server.exit_code)
    manager.sock.setblocking(False)
    try:
        text = manager.sock.recv(4096)
        need(b"READY" not in text, "it was told %s" % text)
    except BlockingIOError:
        pass


# ---- the pid file

def number_in(path):
    with open(path, encoding="ascii") as file:
        return int(file.read())


def case_row_140_the_pid_file_has_the_supervisor_and_goes_with_it(lab):
    server = lab.serve("probe", ["--pid-file", "$TMP/pid", "--workers", "2"])
    path = os.path.join(server.folder, "pid")
    need(number_in(path) == server.pid, "another number")
    before = server.workers()
    server.signal("HUP")
    all_new(server, before, 2)
    need(number_in(path) == server.pid, "another number after a reload")
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    need(not os.path.exists(path), "it is still there")


def case_row_140_a_live_pid_file_is_refused(lab):
    first = lab.serve("probe", ["--pid-file", "$TMP/pid"])
    path = os.path.join(first.folder, "pid")
    for keep in True, False:
        second = lab.serve("probe", ["--pid-file", path], wait=False)
        need(second.wait() == 1, "exit code %d" % second.exit_code)
        second.wait_log(r"--pid-file %s belongs to process %d" % (path, first.pid))
        need(number_in(path) == first.pid and says(first, "/hello", 200), "the first server")
        if keep:  # it is the lock that counts
            with open(path, "w", encoding="ascii") as file:
                file.write("%d\n" % first.pid)
    with open(path + ".other", "w", encoding="ascii") as file:
        file.write("%d\n" % os.getpid())  # a live process, that is no server
    third = lab.serve("probe", ["--pid-file", path + ".other"], wait=False)
    need(third.wait() == 1, "exit code %d" % third.exit_code)
    need(number_in(path + ".other") == os.getpid(), "it was written over")


def case_row_140_a_stale_pid_file_is_replaced(lab):
    first = lab.serve("probe", ["--pid-file", "$TMP/pid"])
    path = os.path.join(first.folder, "pid")
    first.signal("KILL")
    need(first.wait() == -signal.SIGKILL and number_in(path) == first.pid, "a stale file")
    first.leaves_nobody(AWAY * lab.slow)
    second = lab.serve("probe", ["--pid-file", path])
    need(number_in(path) == second.pid, "another number")
    second.signal("TERM")
    need(second.wait() == 0 and not os.path.exists(path), "its end")
    for text in "", "nonsense\n", "999999999\n":
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        third = lab.serve("probe", ["--pid-file", path])
        need(number_in(path) == third.pid, "another number")
        third.signal("TERM")
        need(third.wait() == 0 and not os.path.exists(path), "its end")


def case_row_140_an_upgrade_takes_the_pid_file(lab):
    server = lab.serve("probe", ["--pid-file", "$TMP/pid", "--uds", "$TMP/socket"])
    path = os.path.join(server.folder, "pid")
    for _ in range(2):
        need(upgrade(lab, server) == 0, "the old supervisor did not end well")
        need(number_in(path) == server.pid, "another number")
        need(sorted(os.listdir(server.folder)) == ["err", "out", "pid", "socket"], "files are left")
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    need(sorted(os.listdir(server.folder)) == ["err", "out"], "files are left")


def case_row_140_a_pid_file_that_cannot_be(lab):
    server = lab.serve("probe", ["--pid-file", "$TMP/no/such/pid"], wait=False)
    need(server.wait() == 1, "exit code %d" % server.exit_code)
    server.wait_log("--pid-file .*/no/such/pid: No such file")


# ---- the sandbox

def sandboxed(lab, options=(), env=(), **more):
    """A server and two folders beside each other, of which the first is allowed, with a file in each."""
    inside, outside = lab.bench.folder(), lab.bench.folder()
    for folder in inside, outside:
        os.chmod(folder, 0o755)
        with open(os.path.join(folder, "file"), "w", encoding="ascii") as file:
            file.write("precious")
    server = lab.serve("probe", ["--sandbox", inside, *options], dict(env), **more)
    if "CGW0151" in server.log():
        raise Skip("this kernel has no Landlock")
    return server, os.path.join(inside, "file"), os.path.join(outside, "file")


def sends(server, path):
    """Whether the application opens the file and has it sent."""
    with server.connect() as peer:
        peer.request("/file?path=%s" % path)
        return peer.head().status == 200 and peer.body() == b"precious"


def sends_by_name(server, path):
    """Whether the server opens the file for the application."""
    with server.connect() as peer:
        peer.request("/file-twice?path=%s" % path)
        return peer.head().status == 200 and peer.body() == 2 * b"precious"


def case_a_sandboxed_worker_reaches_what_is_named(lab):
    for app_workers in "1", "2":
        server, inside, outside = sandboxed(lab, ["--workers", app_workers])
        for how in sends, sends_by_name:
            need(how(server, inside), "the file inside: %s" % how.__name__)
            need(not how(server, outside), "the file outside: %s" % how.__name__)
        server.wait_log(r"CGW0150 .*read=.*%s" % os.path.dirname(inside))
        server.wait_log(r"CGW0153 --sandbox forbids .*path=%s\b" % outside)
        need("path=%s" % inside not in server.log(), "the file inside was forbidden")
        need(server.ask("/hello").status == 200, "a request")
        before = server.workers()
        server.signal("HUP")
        all_new(server, before, int(app_workers))
        need(sends(server, inside) and not sends(server, outside), "after a reload")


def case_without_a_sandbox_both_are_reached(lab):
    server = lab.serve("probe")
    path = os.path.join(lab.bench.folder(), "file")
    with open(path, "w", encoding="ascii") as file:
        file.write("precious")
    need(sends(server, path) and sends_by_name(server, path), "the file")
    need("CGW015" not in server.log(), "it speaks of a sandbox")


def case_a_sandboxed_worker_writes_where_it_may(lab):
    folder = lab.bench.folder()
    log = os.path.join(folder, "probe.log")
    server, _, outside = sandboxed(lab, ["--sandbox", "rw:" + folder], {"PROBE_LOG": log})
    need(server.ask("/hello").status == 200, "a request")
    until(lambda: os.path.exists(log) and os.path.getsize(log), "the application's own file", AWAY * lab.slow)
    server, _, outside = sandboxed(lab, [], {"PROBE_LOG": os.path.join(folder, "other.log")})
    need(server.ask("/hello").status == 200, "a request")
    need(not os.path.exists(os.path.join(folder, "other.log")), "it writes where it may not")
    need(os.path.exists(outside), "a file")


def case_a_sandboxed_worker_opens_its_logs_anew(lab):
    users = [[]] + ([["--user", "nobody"]] if os.geteuid() == 0 else [])
    for user in users:
        logs = lab.bench.folder()
        os.chmod(os.path.dirname(logs), 0o755)
        os.chmod(logs, 0o777)
        path = os.path.join(logs, "access.log")
        server, *_ = sandboxed(lab, ["--access-log-file", path, "--error-log", logs + "/error.log", *user],
                               wait=False)
        error_log = os.path.join(logs, "error.log")

        def errors(at=error_log):
            if not os.path.exists(at):
                return ""
            with open(at, encoding="utf-8") as file:
                return file.read()

        server.url = server.wait_log(r"CGW0101\b.*?\burl=(\S+)", 15 * lab.slow, errors).group(1)
        need(server.ask("/hello").status == 200, "a request")
        until(lambda at=path: os.path.getsize(at), "a line", AWAY * lab.slow)
        os.rename(path, path + ".1")
        server.signal("USR1")
        server.wait_log("CGW0116", AWAY * lab.slow, errors)

        def is_anew(at=path, who=server):
            who.ask("/hello")
            return os.path.exists(at) and os.path.getsize(at)

        until(is_anew, "a line in the new log: %s" % errors(), AWAY * lab.slow)
        need("CGW0115" not in errors(), "a log was not opened: %s" % errors())


def case_a_sandbox_of_what_is_not_there(lab):
    server = lab.serve("probe", ["--sandbox", "/no/such/folder"], wait=False)
    code = server.wait()
    if "CGW0151" in server.log():
        raise Skip("this kernel has no Landlock")
    need(code == 1, "exit code %d" % code)
    server.wait_log("--sandbox: /no/such/folder is not there")


def case_a_sandboxed_worker_is_replaced_when_it_dies(lab):
    server, inside, _ = sandboxed(lab, ["--workers", "2"], may_lose_workers=True)
    before = server.workers()
    os.kill(before[0], signal.SIGKILL)
    server.wait_workers(lambda now: len(now) == 2 and before[0] not in now, "a replacement", AWAY * lab.slow)
    time.sleep(0.1)
    need(sends(server, inside), "the file inside")
