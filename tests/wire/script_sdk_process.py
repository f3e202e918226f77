"""Helper processes: what runs at once, what crashes there, and that nothing of them stays behind."""
import os
import re
import signal

import wire_process
from wire_lab import need, serves, until

APP = "sdk_process"


def name_of(pid):
    try:
        with open("/proc/%d/comm" % pid, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def zygote_of(worker):
    return [pid for pid in wire_process.children_of(worker) if name_of(pid) == "cgw-zygote"]


def helpers_of(worker):
    return [pid for zygote in zygote_of(worker) for pid in wire_process.children_of(zygote)
            if name_of(pid) == "cgw-helper"]


def all_of(server):
    """The zygotes and the helpers of all workers that live."""
    return [pid for worker in server.workers() for pid in zygote_of(worker) + helpers_of(worker)]


def need_gone(pids, why, seconds=10):
    until(lambda: not any(map(wire_process.is_alive, pids)), why, seconds)


def running(server, n):
    until(lambda: server.ask("/status").body.startswith(b"running %d " % n), "not %d are running" % n)


def text(server, target, *more):
    return server.ask(target, *more).body.decode()


def case_two_calls_run_at_once_and_the_loop_is_free(lab):
    server = lab.serve(APP)
    with server.connect() as one, server.connect() as two, server.connect() as third:
        one.request("/spin")
        two.request("/spin-sync")
        running(server, 2)  # and this is answered meanwhile
        helpers = helpers_of(server.worker)
        need(len(helpers) == 2, "the helpers are %s" % helpers)
        need({os.getpriority(os.PRIO_PROCESS, pid) for pid in helpers} == {1}, "they are not nice")
        before = [wire_process.cpu_seconds(pid) for pid in helpers]
        until(lambda: all(wire_process.cpu_seconds(pid) > cpu for pid, cpu in zip(helpers, before)),
              "both do not take a processor")
        third.request("/look")  # is let wait for one, in vain
        third.head()
        need(third.response.status == 500 and b"-5 " in third.body(), "there is a third helper")
        need(server.ask("/go/1", "POST").status == 204, "go")
        for peer in one, two:
            need(peer.head().status == 200, "status %d" % peer.response.status)
            need(int(peer.body().split()[1]) > 0, "no time of a processor was taken")
    need(sorted(helpers_of(server.worker)) == sorted(helpers), "they were not kept")


def case_what_a_helper_is(lab):
    server = lab.serve(APP)
    said = text(server, "/look")
    need(re.match(r"0 fds 4 start 0 segv 1 suspends -1 now 0 pid \d+\n", said), "it is %s" % said)
    server.wait_access("printed in the helper")
    need(text(server, "/look") == said, "it was not used again")
    need(text(server, "/refuse") == "-25 untouched\n", "a code is not handed on")
    for pid in all_of(server):
        need(wire_process.ignores(pid, signal.SIGPIPE, signal.SIGXFSZ), "a signal of write() ends %d" % pid)


def case_what_ends_a_helper_is_named_and_replaced(lab):
    server = lab.serve(APP)
    worker, zygote = server.worker, zygote_of(server.worker)
    ways = [("abort", r"by signal 6 \(SIGABRT\)"),
            ("kill", r"by signal 9 \(SIGKILL\)"), ("exit", "the process, with status 3"),
            ("_exit", "the process, with status 4"), ("close", "by signal 9"),
            ("forge", "what its process has sent is no answer")]
    if not lab.sanitized:  # they have no limit, and words of their own
        ways += [("memory", "by signal 6"), ("overflow", "by signal 11"),
                 ("segv", r"by signal 11 \(SIGSEGV\)")]
    for how, named in ways:
        need(text(server, "/die/" + how).startswith("-40 "), "%s is not told" % how)
        server.wait_log(r"die\(\) in a helper process, called at \S*sdk_process\.c:\d+ by die_route\(\): "
                        r"[^\n]*" + named)
        need(text(server, "/look").startswith("0 fds 4"), "none came behind %s" % how)
    need("atexit of the helper" in server.log(), "what fn registers for exit() is not run")
    need((worker, zygote) == (server.worker, zygote_of(server.worker)), "more than helpers ended")
    need(text(server, "/die/zygote").startswith("-40 "), "the zygote's end is not told")
    need(text(server, "/look").startswith("0 fds 4"), "there is no other zygote")
    server.wait_log("another one is forked")
    need(server.worker == worker and zygote_of(worker) != zygote, "which one is it")


def case_timeouts_and_clients_that_leave_kill_the_helper(lab):
    server = lab.serve(APP)
    need(text(server, "/look").startswith("0 "), "look")
    first = helpers_of(server.worker)
    need(text(server, "/spin-for/50").startswith("-32 "), "no timeout")
    need_gone(first, "the helper goes on behind the timeout")
    with server.connect() as peer:
        peer.request("/spin")
        running(server, 1)
        second = helpers_of(server.worker)
    need_gone(second, "the helper goes on, though the client has left")
    need(server.ask("/go/1", "POST").status == 204, "go")
    need(text(server, "/look").startswith("0 "), "none came behind it")


def case_a_hundred_calls_of_two_helpers(lab):
    server = lab.serve(APP)
    need(server.ask("/go/1", "POST").status == 204, "go")
    fields = [("content-type", "application/json")]
    peers = [server.connect() for _ in range(10)]
    for _ in range(10):
        for n, peer in enumerate(peers):
            if n % 2:
                peer.request("/spin")
            else:
                peer.request("/mirror", "POST", fields, b'{"x":1,"y":%d,"name":"p"}' % n)
        for n, peer in enumerate(peers):
            status, body = peer.head().status, peer.body()
            need(status == 200, "call %d: %s %s" % (n, status, body))
            need(n % 2 or body == b'{"x":%d,"y":1,"name":"p"}' % n, "call %d: %s" % (n, body))
    for peer in peers:
        peer.close()
    need(len(helpers_of(server.worker)) <= 2, "there are more than two helpers")
    need(text(server, "/status") == "running 0 begun 50\n", "some were lost")
    body = server.ask("/mirror", "POST", fields, b'{"x":13,"y":1,"name":"p"}').body
    need(body.startswith(b"-38 "), "a code of a function with models: %s" % body)


def case_many_bytes_go_in_and_out_within_limits(lab):
    server = lab.serve(APP)
    bytes_in = os.urandom(65521) * 128 + os.urandom(1920)  # 8 MiB, which is all that may go in
    with server.connect(20) as peer:
        need(peer.ask("/echo", "POST", (), bytes_in).body == bytes_in, "not what went in came out")
        need(peer.ask("/echo", "POST", (), b"").body == b"", "nothing is not nothing")
        need(peer.ask("/much/1048576").body == b"7 1048576\n", "the most that may come out does not")
        need(peer.ask("/much/1048577").body.startswith(b"-34 "), "too much comes out")
        need(peer.ask("/echo", "POST", (), bytes_in + b"1").body.startswith(b"-34 "), "too much goes in")
        need(peer.ask("/look").body.startswith(b"0 fds 4"), "none came behind it")


def case_they_end_with_their_worker_however_it_ends(lab):
    server = lab.serve(APP, may_lose_workers=True)
    with server.connect() as peer:
        peer.request("/spin")
        running(server, 1)
        mine = all_of(server)
        need(len(mine) == 2, "there are %s" % mine)
        server.signal("KILL", server.worker)
    need_gone(mine, "they outlive a worker that was killed")
    server.wait_workers(lambda workers: len(workers) == 1, "a new worker")
    need(server.ask("/go/1", "POST").status == 204, "go")
    need(text(server, "/spin").startswith("0 "), "spin")
    mine = all_of(server)
    old = server.worker
    server.signal("HUP")
    server.wait_workers(lambda workers: len(workers) == 1 and workers != [old], "a reload")
    need_gone(mine, "they outlive a reload")
    need(text(server, "/look").startswith("0 "), "look")
    mine = all_of(server)
    server.stop()
    need_gone(mine, "they outlive the server", 1)


def case_a_stop_waits_for_what_they_do(lab):
    server = lab.serve(APP, ["--timeout-graceful-shutdown", "20s"])
    with server.connect() as peer, server.connect() as other:
        need(other.ask("/status").status == 200, "status")
        peer.request("/spin")
        running(server, 1)
        mine = all_of(server)
        os.killpg(server.group, signal.SIGINT)  # as Ctrl-C does
        for pid in mine:  # as service managers do
            os.kill(pid, signal.SIGTERM)
        server.wait_log("CGW0104")
        need(all(map(wire_process.is_alive, mine)), "they ended before their work was done")
        other.request("/go/1", "POST")
        need(peer.head().status == 200 and peer.body().startswith(b"0 "), "the work was lost")
    server.wait()
    need_gone(mine, "they outlive the server", 1)


@serves("fibonacci", "--blocked-after", "0.1", own=True)
def case_fibonacci_computes_beside_the_loop_or_on_it(server):
    need(server.ask("/fib/30").body == b'{"n":30,"value":832040}', "fib")
    need(server.ask("/pool/20").body == b'{"n":20,"value":6765}', "pool")
    need(server.ask("/fib/61").status == 422, "what takes too long is refused")
    peers = [server.connect(60) for _ in range(2)]
    for peer in peers:
        peer.request("/fib/50")  # a minute
    helpers = until(lambda: len(helpers_of(server.worker)) == 2 and helpers_of(server.worker),
                    "there are no two helpers")
    until(lambda: all(wire_process.cpu_seconds(pid) > 0.05 for pid in helpers), "both compute")
    need(server.ask("/ping").body == b"pong\n", "ping")
    for peer in peers:
        peer.close()
    need_gone(helpers, "they go on for nobody")
    need(server.ask("/wrong/%d" % (40 if server.bench.sanitized else 43)).status == 200, "wrong")
    server.wait_log(r"CGW0(192|307) .* site=(\"fibonacci [^ ]*fibonacci\.c:\d+|[^ ]*fibonacci\.so\+).* route=/wrong")
