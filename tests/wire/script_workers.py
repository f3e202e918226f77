"""The supervisor and its workers: who dies, who takes over, and that nobody waiting notices."""
import os
import pwd
import re
import shutil
import signal
import subprocess
import time

import wire_process
from script_life import Crowd as Leaving, bound, lines_of, life_of, probe_log
from wire_crowd import Crowd, HELLO, kill_worker
from wire_lab import Skip, long, need, until

LOAD = {"keep": 6, "fresh": 3, "idle": 3}
AWAY = 30  # seconds, for what takes about one


def served(lab, name):
    """A copy of an application that the test may replace; its path."""
    path = os.path.join(lab.bench.folder(), "app.so")
    put(lab, name, path)
    return path


def put(lab, name, path):
    """As a linker or an installer does: a new file under the old name."""
    shutil.copy(lab.bench.app(name), path + ".new")
    os.replace(path + ".new", path)


def garbage(path, data=b"not a module"):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)


def count(server, number):
    return len(re.findall(r"\bCGW%04d\b" % number, server.log()))


def serving(server):
    """How many workers served, after each that began to or ceased to; the log's own times order them."""
    events = re.findall(r"^(\S+) \w+ CGW(0120|0104)\b", server.log(), re.MULTILINE)
    steps = [1 if number == "0120" else -1 for _, number in sorted(events)]
    return [sum(steps[:n + 1]) for n in range(len(steps))]


def newest(server):
    """The generation that was ready last."""
    return server.ready()[-1][2]


def all_new(server, before, workers):
    """So many workers, none of them one of those before."""
    return server.wait_workers(lambda now: len(now) == workers and not set(now) & set(before),
                               "none of %s is left, %d are new" % (before, workers), AWAY * server.bench.slow)


def steady(server, workers):
    """So many workers, and the same a moment later."""
    server.wait_workers(lambda now: len(now) == workers, "%d workers" % workers, AWAY * server.bench.slow)
    time.sleep(0.2)
    now = server.workers()
    need(len(now) == workers, "%d workers, not %d" % (len(now), workers))
    return now


def says(server, target, status):
    return server.ask(target).status == status


# ---- the end, for one and for three

def case_row_122_term_during_startup_runs_each_shutdown(lab):
    for workers in "1", "3":
        log = probe_log(lab)
        server = lab.serve("probe", ["--workers", workers],
                           {"PROBE_LOG": log, "PROBE_STARTUP": "slow:1500"}, wait=False)
        until(lambda path=log, n=workers: lines_of(path).count("startup") > 0, "no startup", 10 * lab.slow)
        server.signal("TERM")
        need(server.wait() == 0, "exit code %d" % server.exit_code)
        lines = lines_of(log)
        need(lines.count("shutdown.complete") == lines.count("startup") > 0, "the log says %s" % lines)
        need("CGW0101" not in server.log(), "it served")


def case_row_123_three_workers_drain_under_load_and_lose_no_request(lab):
    for app, targets in (("probe", [b"/hello", b"/sleep?ms=3", b"/large?size=100000"]),
                         ("probe_sync", [b"/hello", b"/sleep?ms=5"])):
        log = probe_log(lab)
        server = lab.serve(app, ["--workers", "3"], {"PROBE_LOG": log})
        crowd = Leaving(server, 40, targets)
        crowd.run(0.5)
        server.signal("TERM")
        crowd.run(10 * lab.slow)
        need(not crowd.selector.get_map(), "%s: connections stay open" % app)
        need(crowd.asked > 100 and crowd.lost == 0 and crowd.answered == crowd.asked,
             "%s: %d of %d requests lost" % (app, crowd.asked - crowd.answered, crowd.asked))
        need(server.wait() == 0, "exit code %d" % server.exit_code)
        need(lines_of(log).count("shutdown.complete") == 3, "the log says %s" % life_of(log))
        need(len(re.findall(r"CGW0113 .*exit=0", server.log())) == 3, "not three that end with 0")


def case_row_124_three_workers_cancel_what_is_over_its_grace(lab):
    log = probe_log(lab)
    server = lab.serve("probe", ["--workers", "3", "--timeout-graceful-shutdown", "0.5s"], {"PROBE_LOG": log})
    peers = [server.connect() for _ in range(9)]
    for number, peer in enumerate(peers):
        peer.request("/hang-started?id=hang%d" % number)
        need(peer.head().status == 200, "no start")
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    told = [line for line in lines_of(log) if line.startswith("result hang")]
    need(len(told) == 9 and all(line.endswith("-4") for line in told), "told: %s" % told)
    counts = re.findall(r"CGW0105 .*count=(\d+)", server.log())
    need(sum(map(int, counts)) == 9, "counts %s" % counts)
    need(lines_of(log).count("shutdown.complete") == 3, "the log says %s" % life_of(log))


def case_row_125_a_second_signal_ends_three_workers_at_once(lab):
    for first, second in ("INT", "INT"), ("TERM", "INT"):
        server = lab.serve("probe", ["--workers", "3", "--timeout-graceful-shutdown", "60"])
        peers = [server.connect() for _ in range(6)]
        for peer in peers:
            peer.request("/hang-started")
            need(peer.head().status == 200, "no start")
        server.signal(first)
        server.wait_log("CGW0104")
        time.sleep(0.2)
        need(server.process.poll() is None, "it ends at the first signal")
        server.signal(second)
        need(server.wait() == 1, "exit code %d" % server.exit_code)
        for peer in peers:
            peer.drain()
            peer.close()


def case_row_125_a_second_signal_ends_a_worker_that_never_looks(lab):
    log = probe_log(lab)
    server = lab.serve("probe", ["--workers", "2"], {"PROBE_LOG": log})
    with server.connect() as peer:
        peer.request("/block?ms=600000")
        until(lambda: "call GET /block" in lines_of(log), "no call", 10 * lab.slow)
        server.signal("TERM")
        time.sleep(0.3)
        server.signal("TERM")
        need(server.wait() == 1, "exit code %d" % server.exit_code)


def case_row_126_no_worker_is_started_without_an_address(lab):
    with bound(2, ("127.0.0.1", 0)) as taken:
        log = probe_log(lab)
        server = lab.serve("probe", ["--port", str(taken.getsockname()[1]), "--workers", "3"],
                           {"PROBE_LOG": log}, wait=False)
        need(server.wait() == 1, "exit code %d" % server.exit_code)
        need(lines_of(log) == [] and not server.ready(), "a worker was started: %s" % lines_of(log))


# ---- what cannot start

def case_row_127_130_what_cannot_start_stops_the_server(lab):
    bad = os.path.join(lab.bench.folder(), "bad.so")
    garbage(bad)
    for app, startup, why in (("probe", "fail:no database today", "no database today"),
                              ("probe_sync", "fail", "probe: startup fails as asked"),
                              ("probe", "finish:-1", "CGW0103 .*lifespan"), (bad, "ok", re.escape(bad)),
                              ("/nowhere/app.so", "ok", "/nowhere/app.so")):
        for workers in "1", "3":
            log = probe_log(lab)
            server = lab.serve(app, ["--workers", workers], {"PROBE_LOG": log, "PROBE_STARTUP": startup},
                               wait=False)
            need(server.wait() == 3, "%s: exit code %d" % (startup, server.exit_code))
            server.wait_log("error .*" + why)
            tries = lines_of(log).count("startup")
            need(tries <= int(workers), "%s: %d starts" % (startup, tries))
            need("CGW0101" not in server.log(), "%s: it served" % startup)


def case_row_130_a_crash_while_it_starts_stops_the_server(lab):
    for workers in "1", "3":
        log = probe_log(lab)
        server = lab.serve("probe", ["--workers", workers], {"PROBE_LOG": log, "PROBE_STARTUP": "crash"},
                           wait=False, may_lose_workers=True)
        need(server.wait() == 3, "exit code %d" % server.exit_code)
        need(lines_of(log).count("startup") <= int(workers), "started again: %s" % lines_of(log))
        server.wait_log("CGW0128 .*SIGABRT")


# ---- deaths

@long
def case_row_128_a_killed_worker_is_replaced_while_the_others_serve(lab):
    server = lab.serve("probe", ["--workers", "2"], may_lose_workers=True)
    with Crowd(server, **LOAD) as crowd:
        crowd.wait_answers(100)
        for _ in range(3):
            before = server.workers()
            then = time.monotonic()
            kill_worker(server, before[0], [crowd])
            now = server.wait_workers(lambda pids, gone=before[0]: len(pids) == 2 and gone not in pids,
                                      "a replacement", AWAY * lab.slow)
            took = time.monotonic() - then
            need(before[1] in now, "the other one was replaced, too")
            need(took < 5 * lab.slow, "it took %.1f s" % took)  # about 0.1, where nothing else runs
            crowd.wait_answers(100)
    crowd.judge(300)
    need(count(server, 126) == 3, "%d deaths in the log" % count(server, 126))
    server.wait_log("CGW0126 .*SIGKILL")


def case_row_128_who_comes_while_the_only_worker_is_replaced_waits(lab):
    server = lab.serve("probe", may_lose_workers=True)
    worker = server.worker
    server.signal("STOP", worker)
    need(wire_process.wait_stopped(worker), "it does not stop")
    peers = [server.connect() for _ in range(20)]  # in the backlog: nobody accepts
    for peer in peers:
        peer.request("/hello")
    server.signal("KILL", worker)
    for peer in peers:
        need(peer.head().status == 200 and peer.body() == b"Hello, world!\n", "another answer")
        peer.close()
    server.wait_workers(lambda now: len(now) == 1 and worker not in now, "the worker is still there")


def case_row_128_a_worker_that_ends_by_itself_is_replaced(lab):
    server = lab.serve("probe", ["--workers", "2"], may_lose_workers=True)
    before = server.workers()
    with server.connect() as peer:
        peer.request("/crash")
        until(lambda: set(server.workers()) != set(before), "no worker has crashed", AWAY * lab.slow)
    steady(server, 2)
    for _ in range(20):
        need(says(server, "/hello", 200), "a request")
    server.wait_log("CGW0126 .*SIGSEGV")


def case_row_130_deaths_in_a_row_are_not_replaced_at_once(lab):
    server = lab.serve("probe", may_lose_workers=True)
    for number in range(7):
        server.wait_workers(lambda now: len(now) == 1, "death %d: no worker" % number, AWAY * lab.slow)
        server.signal("KILL", server.worker)
        until(lambda n=number: count(server, 126) > n, "death %d is not told" % number, AWAY * lab.slow)
    waits = [int(found) for found in re.findall(r"CGW0125 .*wait_ms=(\d+)", server.log())]
    need(len(waits) >= 3 and waits == sorted(set(waits)), "waits: %s" % waits)
    need(says(server, "/hello", 200), "a request when one is there again")


def case_row_129_a_stopped_worker_is_replaced(lab):
    server = lab.serve("probe", ["--workers", "2", "--worker-timeout", "1s"], may_lose_workers=True)
    with Crowd(server, **LOAD) as crowd:
        crowd.wait_answers(50)
        pid = server.workers()[0]
        server.signal("STOP", pid)
        need(wire_process.wait_stopped(pid), "it does not stop")
        crowd.excuse(wire_process.peers_of(pid, server.port))
        server.wait_log("CGW0132 .*pid=%d" % pid, AWAY * lab.slow)
        server.wait_workers(lambda now: len(now) == 2 and pid not in now, "a replacement", AWAY * lab.slow)
        crowd.wait_answers(50)
    crowd.judge(100)


def case_row_129_a_handler_that_never_returns_is_named_and_replaced(lab):
    for workers in "1", "2":
        server = lab.serve("probe", ["--workers", workers, "--worker-timeout", "1s"], may_lose_workers=True)
        before = server.workers()
        with server.connect(60) as peer:
            peer.request("/block?ms=900000")
            server.wait_log("CGW0132 ", AWAY * lab.slow)
            for _ in range(5):
                need(says(server, "/hello", 200), "another client")
            server.wait_log(r"(?s)GET /block\?ms=900000.*timing\.c:\d+|timing\.c:\d+.*GET /block\?ms=900000",
                            AWAY * lab.slow)
            server.wait_workers(lambda now, n=workers, old=before: len(now) == int(n) and
                                len(set(now) & set(old)) == int(n) - 1, "a replacement", AWAY * lab.slow)
            need(peer.head().status == 502, "status %d" % peer.response.status)
            peer.closed()


def case_row_129_without_a_timeout_nobody_is_replaced(lab):
    server = lab.serve("probe", ["--worker-timeout", "0", "--blocked-after", "0"])
    worker = server.worker
    with server.connect(60) as peer:
        peer.request("/block?ms=3000")
        need(peer.head().status == 200 and peer.body() == b"blocked\n", "another answer")
    need(server.worker == worker and count(server, 132) == 0, "it was replaced")


def case_row_133_a_child_that_is_nobodys_is_not_a_worker(lab):
    for code in 0, 3:
        server = lab.serve("probe", ["--workers", "2"], first="{ (sleep 1; exit %d) & }" % code)
        before = sorted(server.workers())
        sleepers = [pid for pid in wire_process.children_of(server.pid) if pid not in before]
        need(sleepers, "the shell's child is not the supervisor's")
        until(lambda pid=sleepers[0]: wire_process.stat_of(pid) is None, "it is not reaped", AWAY * lab.slow)
        time.sleep(0.3)
        need(sorted(server.workers()) == before, "the workers have changed")
        need(len(server.ready()) == 2, "a worker was started: %s" % server.log())
        need(says(server, "/hello", 200), "a request")


# ---- recycling

def served_by(server):
    """How many requests the worker has had, and with this one."""
    return int(server.ask("/counter").body)


def life_length(lab, server, pause=0.01):
    """Ask one after the other until a worker says that it is worn; how many requests it had then."""
    said, seen = count(server, 122), 0
    while count(server, 122) == said:
        had = served_by(server)
        if had < seen:  # the log is behind: this is another already
            break
        seen = had
        need(seen < 1000, "it never wears out")
        time.sleep(pause)
    ready = len(server.ready())
    until(lambda: len(server.ready()) > ready or count(server, 104) > said, "no replacement", AWAY * lab.slow)
    server.wait_workers(lambda now: len(now) == 1, "the old one stays", AWAY * lab.slow)
    return seen


def case_row_117_so_many_requests_and_then_another_worker(lab):
    exact = life_length(lab, lab.serve("probe", ["--max-requests", "20"]))
    need(20 <= exact <= 20 + 8, "%d requests of a life of 20" % exact)  # it serves until another is ready
    server = lab.serve("probe", ["--max-requests", "20", "--max-requests-jitter", "60"])
    lives = [life_length(lab, server) for _ in range(5)]
    need(all(20 <= life <= 20 + 60 + 8 for life in lives), "requests of a life: %s" % lives)
    need(len(set(lives)) > 1, "no jitter: %s" % lives)
    text = server.log()
    need(len(re.findall(r"CGW0113 .*exit=0", text)) >= 4, "they do not end with 0: %s" % text)
    need(min(serving(server)[1:]) >= 1, "the replacement is not first: %s" % serving(server))


def case_row_117_recycling_loses_nothing(lab):
    server = lab.serve("probe", ["--workers", "2", "--max-requests", "150", "--max-requests-jitter", "50"])
    with Crowd(server, **LOAD) as crowd:
        until(lambda: len(server.ready()) >= 8 or crowd.lost, "only %d workers" % len(server.ready()),
              2 * AWAY * lab.slow)
    crowd.judge(600)
    steady(server, 2)


def case_a_worker_that_has_grown_is_replaced(lab):
    plain = lab.serve("probe")
    need(says(plain, "/hello", 200), "a request")
    most = plain.rss_kib() + 12 * 1024
    server = lab.serve("probe", ["--max-worker-rss", "%dk" % most])
    worker = server.worker
    need(says(server, "/hello", 200), "a request")
    with server.connect(60) as peer:
        peer.request("/alloc?n=320&size=102400&ms=4000")
        server.wait_log("CGW0133 .*max-worker-rss.*pid=%d" % worker, AWAY * lab.slow)
        server.wait_workers(lambda now: len(now) == 2, "a second worker beside it", AWAY * lab.slow)
        need(says(server, "/hello", 200), "another client")
        need(peer.head().status == 200 and peer.body() == b"ok\n", "the request that ran")
    server.wait_workers(lambda now: len(now) == 1 and worker not in now, "the old one stays", AWAY * lab.slow)


def case_a_worker_that_is_old_is_replaced(lab):
    server = lab.serve("probe", ["--workers", "2", "--max-worker-age", "1"])
    with Crowd(server, **LOAD) as crowd:
        until(lambda: len(server.ready()) >= 6 or crowd.lost, "only %d workers" % len(server.ready()),
              2 * AWAY * lab.slow)
    crowd.judge(100)
    need(re.search("CGW0133 .*max-worker-age", server.log()), "it is not said why")


# ---- reload

@long
def case_row_131_twenty_reloads_under_load_lose_nothing(lab):
    path = served(lab, "probe")
    server = lab.serve(path, ["--workers", "2"])
    with Crowd(server, **LOAD) as crowd:
        for number in range(20):
            before, answered = server.workers(), crowd.answered
            put(lab, "probe", path)
            server.signal("HUP")
            all_new(server, before, 2)
            crowd.wait_answers(20)
            need(crowd.answered - answered >= 20, "reload %d: nothing is answered" % number)
    crowd.judge(400)
    need(newest(server) == 21, "generation %d" % newest(server))


def case_row_131_a_new_worker_is_ready_before_an_old_one_leaves(lab):
    path = served(lab, "hello")
    server = lab.serve(path, ["--workers", "3"])
    need(says(server, "/status/204", 200), "hello answers all with 200")
    with Crowd(server, requests=[HELLO], **LOAD) as crowd:
        before = server.workers()
        put(lab, "probe", path)
        server.signal("HUP")
        all_new(server, before, 3)
        crowd.wait_answers(20)
    crowd.judge(20)
    for _ in range(10):
        need(says(server, "/status/204", 204), "old code answers")
    counts = serving(server)
    need(len(counts) == 9 and min(counts[2:]) >= 3, "serving at one time: %s" % counts)


def keeps_the_old(lab, server, why):
    """After HUP the log says why not, and the same workers go on."""
    before, said = server.workers(), server.log()
    server.signal("HUP")
    until(lambda: re.search(why, server.log()[len(said):]), "the log does not say /%s/" % why, AWAY * lab.slow)
    need(steady(server, len(before)) == before, "the workers have changed")
    need(says(server, "/hello", 200), "a request")


def case_row_131_136_what_cannot_be_loaded_keeps_the_old(lab):
    path, word = served(lab, "probe"), os.path.join(lab.bench.folder(), "word")
    server = lab.serve(path, ["--workers", "2"], {"PROBE_STARTUP": "file:" + word}, may_lose_workers=True)
    with open(lab.bench.app("probe"), "rb") as file:
        good = file.read()
    with Crowd(server, **LOAD) as crowd:
        crowd.wait_answers(50)
        for data in b"not a module", b"", good[:len(good) // 2], good[:1000]:
            garbage(path, data)
            keeps_the_old(lab, server, "error CGW")
        os.unlink(path)
        keeps_the_old(lab, server, "error CGW")
        put(lab, "probe", path)
        for life, why in ("fail:no room today", "no room today"), ("crash", "SIGABRT"), ("finish:-1", "CGW0103"):
            with open(word, "w", encoding="ascii") as file:
                file.write(life)
            keeps_the_old(lab, server, why)
        os.unlink(word)
        before = server.workers()
        server.signal("HUP")  # the next good one is taken
        all_new(server, before, 2)
    crowd.judge(100)


def case_row_130_after_a_reload_a_crashing_module_is_rolled_back(lab):
    path = served(lab, "hello")
    server = lab.serve(path, ["--workers", "2"], may_lose_workers=True)
    first, before = newest(server), server.workers()
    put(lab, "probe", path)
    server.signal("HUP")
    all_new(server, before, 2)
    need(says(server, "/status/204", 204), "the new code does not answer")
    for _ in range(20):
        if newest(server) == first:
            break
        died = count(server, 126)
        with server.connect() as peer:
            peer.request("/crash")
            until(lambda n=died: count(server, 126) > n or newest(server) == first, "no crash", AWAY * lab.slow)
        time.sleep(0.1)
    until(lambda: newest(server) == first and says(server, "/status/204", 200), "it is not rolled back",
          AWAY * lab.slow)
    steady(server, 2)
    before = server.workers()
    server.signal("HUP")  # and the next reload is tried as any other
    all_new(server, before, 2)
    need(says(server, "/status/204", 204), "the new code does not answer")


def case_row_139_connections_survive_a_reload(lab):
    path = served(lab, "probe")
    server = lab.serve(path)
    old = server.worker
    with server.connect(30) as idle, server.connect(30) as busy, server.connect(30) as stream:
        need(idle.ask("/hello").status == 200, "a request")
        busy.request("/sleep?ms=1500")
        stream.request("/stream?n=20&size=100&ms=50")
        need(stream.head().status == 200, "a stream")
        server.signal("HUP")
        server.wait_log("CGW0104", AWAY * lab.slow)
        need(server.ask("/hello").status == 200, "a new client")
        need(idle.ask("/hello").get("connection") == "close", "no connection: close")
        idle.closed()
        need(busy.head().status == 200 and busy.body() == b"slept\n", "the busy one")
        need(len(stream.body()) == 2000, "the stream")
    server.wait_workers(lambda now: len(now) == 1 and old not in now, "the old one stays", AWAY * lab.slow)


# ---- how many

def case_row_132_one_more_and_one_less_never_below_one(lab):
    server = lab.serve("probe")
    with Crowd(server, **LOAD) as crowd:
        for name, workers in ("TTIN", 2), ("TTIN", 3), ("TTOU", 2), ("TTOU", 1), ("TTOU", 1), ("TTIN", 2):
            server.signal(name)
            steady(server, workers)
            crowd.wait_answers(20)
    crowd.judge(100)
    before = server.workers()
    server.signal("HUP")  # a reload keeps the number
    all_new(server, before, 2)


@long
def case_row_128_131_132_with_a_socket_for_each_nothing_is_lost_either(lab):
    path = served(lab, "probe")
    server = lab.serve(path, ["--workers", "2", "--reuseport"], may_lose_workers=True)
    with Crowd(server, **LOAD) as crowd:
        crowd.wait_answers(50)
        for name in "HUP", "TTIN", "HUP", "TTOU", "HUP":
            before = server.workers()
            server.signal(name)
            all_new(server, before, 3 if name == "TTIN" else 2 if name == "TTOU" else len(before))
            crowd.wait_answers(50)
        gone = server.workers()[0]
        kill_worker(server, gone, [crowd])
        server.wait_workers(lambda now: len(now) == 2 and gone not in now, "a replacement", AWAY * lab.slow)
        crowd.wait_answers(50)
    crowd.judge(300)


def case_workers_auto_is_one_for_each_processor(lab):
    server = lab.serve("probe", ["--workers", "auto"])
    wanted = len(os.sched_getaffinity(0))
    need(len(server.workers()) == wanted, "%d workers of %d" % (len(server.workers()), wanted))
    need(re.search(r"CGW0101 .*workers=%d\b" % wanted, server.log()), "the log says another number")


def has_old_log(pid):
    """Does it hold a log that was renamed, other than by its standard streams?"""
    folder = "/proc/%d/fd" % pid
    try:
        return any(os.readlink(os.path.join(folder, fd)).endswith(".1") for fd in os.listdir(folder) if int(fd) > 2)
    except FileNotFoundError:  # closed meanwhile
        return True


def case_row_132_all_open_their_logs_anew(lab):
    server = lab.serve("probe", ["--workers", "3", "--error-log", "$TMP/err", "--access-log-file", "$TMP/out"])
    need(says(server, "/hello?first", 200), "a request")
    server.wait_access("first")
    for path in server.out, server.err:
        os.rename(path, path + ".1")
    server.signal("USR1")
    until(lambda: os.path.exists(server.out) and os.path.exists(server.err), "no new logs", AWAY * lab.slow)
    until(lambda: not any(map(has_old_log, [server.pid, *server.workers()])), "an old log stays open", AWAY * lab.slow)
    old = os.path.getsize(server.out + ".1")
    for number in range(60):
        need(says(server, "/hello?second=%d" % number, 200), "a request")
    until(lambda: server.access().count("second=") == 60, "not all lines came", 10 * lab.slow)
    need(os.path.getsize(server.out + ".1") == old, "a worker writes to the old log")
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    need(count(server, 113) == 3, "not all ends are in the new log: %s" % server.log())


# ---- another binary

def install(source, binary):
    """By a process of its own: what we write another thread's child may hold open, then it is busy."""
    subprocess.run(["cp", "-p", source, binary], check=True)


def upgradable(lab, options=(), **more):
    """A server whose binary the test may replace."""
    binary = os.path.join(lab.bench.folder(), "cgw-serve")
    install(lab.bench.server, binary)
    return lab.serve("probe", ["--workers", "2", *options], binary=binary, **more)


def upgrade(lab, server):
    """USR2, until the new supervisor alone is there; the old one's exit code."""
    said, old = count(server, 101), server.process
    server.signal("USR2")
    until(lambda: count(server, 101) > said, "no new server: %s" % server.log()[-1500:], AWAY * lab.slow)
    new = int(re.findall(r"CGW0101 .*\bpid=(\d+)", server.log())[-1])
    need(new != old.pid, "the same supervisor")
    code = old.wait(AWAY * lab.slow)
    server.adopt(new)
    return code


@long
def case_the_binary_is_replaced_under_load(lab):
    server = upgradable(lab)
    with Crowd(server, **LOAD) as crowd:
        for _ in range(3):
            crowd.wait_answers(50)
            before = server.workers()
            need(upgrade(lab, server) == 0, "the old supervisor did not end well")
            all_new(server, before, 2)
    crowd.judge(200)
    before = server.workers()
    server.signal("HUP")  # it is a whole server
    all_new(server, before, 2)


def case_a_binary_that_fails_is_not_taken(lab):
    server = upgradable(lab, ["--uds", "$TMP/socket"])
    path = server.address()[1]
    with open(server.binary, "rb") as file:
        good = file.read()
    for bad in b"not a program", b"#!/bin/sh\nexit 1\n", good[:5000]:
        os.unlink(server.binary)
        with open(server.binary, "wb") as file:
            file.write(bad)
        os.chmod(server.binary, 0o755)
        before, said = server.workers(), len(server.log())
        server.signal("USR2")
        until(lambda n=said: "error CGW" in server.log()[n:], "nothing is said of %r" % bad[:20], AWAY * lab.slow)
        need(steady(server, 2) == before and server.process.poll() is None, "the workers have changed")
        need(says(server, "/hello", 200), "a request")
    os.unlink(server.binary)
    install(lab.bench.server, server.binary)
    need(upgrade(lab, server) == 0, "the old supervisor did not end well")
    need(says(server, "/hello", 200), "a request to the new one")
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    need(not os.path.lexists(path), "%s is still there" % path)


# ---- the supervisor itself

def case_workers_end_when_their_supervisor_is_killed(lab):
    for app in "probe", "probe_sync":
        log = probe_log(lab)
        server = lab.serve(app, ["--workers", "3"], {"PROBE_LOG": log})
        with server.connect(30) as busy:
            busy.request("/sleep?ms=1000")
            until(lambda path=log: "call GET /sleep" in lines_of(path), "no call", 10 * lab.slow)
            os.kill(server.pid, signal.SIGKILL)
            need(busy.head().status == 200 and busy.body() == b"slept\n", "the request that ran")
        need(server.wait() == -signal.SIGKILL, "exit code %d" % server.exit_code)
        server.leaves_nobody(AWAY * lab.slow)
        need(lines_of(log).count("shutdown.complete") == 3, "the log says %s" % life_of(log))
        need(count(server, 121) == 3, "it is not said why")


def status_of(pid, name):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return re.search(r"^%s:\s+(.*)$" % name, file.read(), re.MULTILINE)[1].split()


def case_workers_become_another_user(lab):
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    nobody = pwd.getpwnam("nobody")
    for options, group in ([], nobody.pw_gid), (["--group", "daemon"], 1):
        server = lab.serve("probe", ["--workers", "2", "--user", "nobody", *options])
        for pid in server.workers():
            need(set(status_of(pid, "Uid")) == {str(nobody.pw_uid)}, "Uid %s" % status_of(pid, "Uid"))
            need(set(status_of(pid, "Gid")) == {str(group)}, "Gid %s" % status_of(pid, "Gid"))
            need(not set(status_of(pid, "Groups")) - {str(group)}, "groups %s" % status_of(pid, "Groups"))
            need(status_of(pid, "NoNewPrivs") == ["1"], "it may gain privileges")
            need(int(status_of(pid, "CapEff")[0], 16) == 0, "it has capabilities")
        need(status_of(server.pid, "Uid")[0] == "0", "the supervisor has changed, too")
        before = server.workers()
        with Crowd(server, **LOAD) as crowd:
            crowd.wait_answers(20)
            server.signal("HUP")
            all_new(server, before, 2)
        crowd.judge(20)
        need(all(status_of(pid, "Uid")[0] != "0" for pid in server.workers()), "root after a reload")


def case_a_user_that_is_not_there(lab):
    for options in ["--user", "no-such-user"], ["--group", "no-such-group"]:
        server = lab.serve("probe", options, wait=False)
        need(server.wait() in (1, 2), "exit code %d" % server.exit_code)
        need(options[1] in server.log() and not server.ready(), "the log says %s" % server.log())


# ---- the group's signals

def case_row_123_a_terminal_signals_the_whole_group(lab):
    for name in "SIGINT", "SIGTERM":
        log = probe_log(lab)
        server = lab.serve("probe", ["--workers", "2"], {"PROBE_LOG": log})
        with server.connect(30) as busy:
            busy.request("/sleep?ms=700")
            until(lambda path=log: "call GET /sleep" in lines_of(path), "no call", 10 * lab.slow)
            os.killpg(server.group, getattr(signal, name))
            need(busy.head().status == 200 and busy.body() == b"slept\n", "the request that ran")
        need(server.wait() == 0, "%s: exit code %d" % (name, server.exit_code))
