"""What comes at a bad moment: signals while it starts, deaths before it serves, an end in between."""
import os
import signal
import time

import wire_process
from script_workers import AWAY, all_new, count, garbage, install, put, says, served, steady, upgradable
from wire_lab import need, until
from wire_server import SERVING


def starting(lab, app, options=(), env=()):
    """A server, as soon as it has a worker, which has not come to serve; that worker."""
    server = lab.serve(app, options, env, wait=False, may_lose_workers=True)
    until(lambda: wire_process.children_of(server.pid), "no worker", AWAY * lab.slow)
    return server, wire_process.children_of(server.pid)[0]


def comes_to_serve(server):
    found = server.wait_log(SERVING.pattern, AWAY * server.bench.slow)
    server.url = found[1]
    server.wait_named(int(found[2]))


def ends(server, code):
    need(server.wait() == code, "exit code %d, not %d" % (server.exit_code, code))


# ---- while it starts

def case_row_123_a_terminal_ends_what_still_starts(lab):
    for _ in range(5):
        server, _ = starting(lab, "hello", ["--workers", "2"])
        os.killpg(server.group, signal.SIGINT)
        ends(server, 0)
        need(count(server, 128) == count(server, 126) == 0, "a worker was killed: %s" % server.log())


def case_row_132_a_worker_that_starts_does_not_die_of_usr1(lab):
    server, worker = starting(lab, "hello")
    for _ in range(50):
        try:
            os.kill(worker, signal.SIGUSR1)
        except ProcessLookupError:
            break
        time.sleep(0.001)
    comes_to_serve(server)
    need(server.ready()[0][1] == worker, "it was replaced: %s" % server.log())


def case_row_132_a_server_that_starts_does_not_die_of_orders(lab):
    for name in "HUP", "USR1", "TTOU":
        server = lab.serve("hello", [], wait=False)
        until(lambda pid=server.pid, order=name: is_held(pid, order), "it does not come so far", AWAY * lab.slow)
        server.signal(name)
        comes_to_serve(server)
        server.signal("TERM")
        ends(server, 0)


def is_held(pid, name):
    """Does it hold the signal back, or handle it?"""
    bit = 1 << (getattr(signal, "SIG" + name) - 1)
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
            masks = dict(line.split(":", 1) for line in file)
    except OSError:
        return False
    return any(int(masks[mask], 16) & bit for mask in ("SigBlk", "SigCgt"))


def case_row_128_a_worker_killed_before_it_serves_is_replaced(lab):
    server, worker = starting(lab, "probe", ["--workers", "2"], {"PROBE_STARTUP": "slow:300"})
    os.kill(worker, signal.SIGKILL)
    comes_to_serve(server)
    need(len(server.workers()) == 2 and worker not in server.workers(), "the workers are others")
    need(count(server, 128) == 0, "the module is blamed: %s" % server.log())


def case_row_132_who_is_wanted_no_more_is_not_waited_for(lab):
    server, _ = starting(lab, "probe", ["--workers", "2"], {"PROBE_STARTUP": "slow:2000"})
    server.wait_log("CGW0120", AWAY * lab.slow)
    need(count(server, 101) == 0, "it serves with half of its workers")
    server.signal("TTOU")
    comes_to_serve(server)
    need(len(server.ready()) == 1, "it has waited for the other: %s" % server.log())


def case_row_131_136_a_bad_reload_leaves_the_first_start_alone(lab):
    path = served(lab, "probe")
    server, _ = starting(lab, path, [], {"PROBE_STARTUP": "slow:1500"})
    garbage(path)
    server.signal("HUP")
    server.wait_log("CGW0136", AWAY * lab.slow)
    comes_to_serve(server)
    need(says(server, "/hello", 200), "a request")
    put(lab, "probe", path)
    before = server.workers()
    server.signal("HUP")
    all_new(server, before, 1)


def case_closed_standard_streams_are_not_written_to(lab):
    server = lab.serve("hello", ["--error-log", "$TMP/err", "--workers", "2"], first="exec <&- >&- 2>&-")
    need(says(server, "/", 200), "a request")
    for pid in [server.pid, *server.workers()]:
        streams = [os.readlink("/proc/%d/fd/%d" % (pid, fd)) for fd in range(3)]
        need(streams == ["/dev/null"] * 3, "process %d has %s" % (pid, streams))


# ---- while something else goes on

def case_row_123_125_once_to_the_server_and_once_to_its_group_is_one(lab):
    """As timeout(1) does it."""
    server = lab.serve("probe", ["--workers", "2"], {"PROBE_SHUTDOWN": "slow:1500"})
    server.signal("TERM")
    os.killpg(server.group, signal.SIGTERM)
    ends(server, 0)
    need(count(server, 148) == count(server, 107) == 0, "a second signal: %s" % server.log())


def case_term_ends_an_upgrade_too(lab):
    server = upgradable(lab)
    os.unlink(server.binary)
    with open(server.binary, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexec sleep 1000\n")
    os.chmod(server.binary, 0o755)
    server.signal("USR2")
    server.wait_log("CGW0808", AWAY * lab.slow)
    server.signal("TERM")
    ends(server, 0)
    server.leaves_nobody(AWAY * lab.slow)


def case_row_129_who_was_stopped_with_the_whole_server_does_not_hang(lab):
    server = lab.serve("hello", ["--workers", "2", "--worker-timeout", "2s"])
    before = steady(server, 2)
    os.killpg(server.group, signal.SIGSTOP)
    time.sleep(2.5 * lab.slow)
    os.killpg(server.group, signal.SIGCONT)
    time.sleep(1.5)
    need(steady(server, 2) == before and count(server, 132) == 0, "a worker was replaced: %s" % server.log())


# ---- what a process holds

def sockets_of(pid):
    folder = "/proc/%d/fd" % pid
    return [target for target in map(os.readlink, (os.path.join(folder, fd) for fd in os.listdir(folder)))
            if target.startswith("socket:") or "inotify" in target]


def case_a_worker_holds_nothing_of_the_supervisors(lab):
    server = lab.serve("hello", ["--workers", "2", "--metrics", "127.0.0.1:0", "--reload"], may_lose_workers=True)
    for _ in range(3):
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)
        all_new(server, before[:1], 2)
    for pid in server.workers():  # the listener, and its end of the channel
        need(len(sockets_of(pid)) == 2, "worker %d has %s" % (pid, sockets_of(pid)))
