"""What the server shows of itself: the metrics, read by Prometheus' own parser, health, and --status."""
import functools
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time

from wire_lab import Skip, long, need, until
from wire_peer import Peer

SOCKET = ["--metrics", "unix:$TMP/metrics"]
PARSE = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families as families
print(json.dumps([[f.name, f.type, [[s.name, s.labels, s.value] for s in f.samples]]
                  for f in families(sys.stdin.read())]))
"""


@functools.lru_cache
def parser():
    """An interpreter that has the parser; the system's may, where the one in use does not."""
    for python in sys.executable, "/usr/bin/python3":
        if os.path.exists(python) and subprocess.run(
                [python, "-c", "import prometheus_client"], stderr=subprocess.DEVNULL,
                check=False).returncode == 0:
            return python
    raise Skip("no python3 here has prometheus_client")


class Shown:
    """One scrape: samples by name, each a list of (labels, value)."""

    def __init__(self, text):
        done = subprocess.run([parser(), "-c", PARSE], input=text, capture_output=True, check=False)
        need(done.returncode == 0, "the parser refuses it: %s" % done.stderr.decode()[-500:])
        self.types, self.samples = {}, {}
        for name, kind, samples in json.loads(done.stdout):
            need(samples or name.startswith("cgw_requ") or name.startswith("cgw_worker_"),
                 "%s has no samples" % name)
            self.types[name] = kind
            for sample, labels, value in samples:
                self.samples.setdefault(sample, []).append((labels, value))

    def get(self, name, **wanted):
        """The sum of those whose labels are so."""
        return sum(value for labels, value in self.samples.get(name, [])
                   if all(labels.get(key) == label for key, label in wanted.items()))

    def requests(self):
        """{(method, status): count}."""
        found = {}
        for labels, value in self.samples.get("cgw_requests_total", []):
            key = labels["method"], labels["status"]
            found[key] = found.get(key, 0) + int(value)
        return found

    def counters(self):
        """{(name, labels): value} of all that must never fall."""
        return {(name, tuple(sorted(labels.items()))): value
                for name, samples in self.samples.items()
                if re.search(r"_(total|bucket|count|sum)$", name) for labels, value in samples}


def peer(server):
    """A connection to the address of the metrics."""
    end = time.monotonic() + 10 * server.bench.slow
    return Peer(socket.AF_UNIX, os.path.join(server.folder, "metrics"), lambda: end)


def ask(server, target, method="GET"):
    with peer(server) as connection:
        return connection.ask(target, method)


def scrape(server):
    response = ask(server, "/metrics")
    need(response.status == 200, "/metrics answers %d" % response.status)
    need(response.get("content-type") == "text/plain; version=0.0.4; charset=utf-8",
         "its type is %s" % response.get("content-type"))
    return Shown(response.body)


def until_shown(server, predicate, why):
    """Scrape until the predicate holds: a request counts when its call has ended, a moment later."""
    last = []

    def look():
        last[:] = [scrape(server)]
        return last[0] if predicate(last[0]) else None
    try:
        return until(look, why, 15 * server.bench.slow)
    except Exception as failed:
        raise type(failed)("%s; there were %s" % (failed, last[0].counters() if last else "none")) from None


def app_workers(server):
    """Not the process that serves the metrics."""
    ready = {pid for _, pid, generation in server.ready() if generation > 0}
    return [pid for pid in server.workers() if pid in ready]


def all_serve(server, workers=2):
    return until_shown(server, lambda now: now.get("cgw_workers", state="serving") == workers and
                       now.get("cgw_workers") == workers, "%d workers serve" % workers)


def asks(server, n, target="/hello", method="GET", **options):
    """n requests on connections of their own; the bytes (sent, received)."""
    sent = got = 0
    for _ in range(n):
        with server.connect() as connection:
            connection.ask(target, method, **options)
            connection.sock.settimeout(connection.left())
            sent, got = sent + len(connection.sent), got + len(connection.got)
    return sent, got


def holds(server, n):
    """n requests whose bodies never come."""
    peers = []
    for _ in range(n):
        connection = server.connect()
        connection.send(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\n")
        peers.append(connection)
    return peers


# ---- the counts

def case_counts_are_exact_over_two_workers(lab):
    server = lab.serve("probe", ["--workers", "2", *SOCKET])
    kinds = [(30, "/hello", "GET", {}), (5, "/hello", "POST", {"body": b"12345"}), (3, "/hello", "HEAD", {}),
             (2, "/status/404", "DELETE", {}), (4, "/status/503", "GET", {}), (1, "/", "PROPFIND", {}),
             (2, "/status/302", "PATCH", {})]
    sizes = [asks(server, n, target, method, **options) for n, target, method, options in kinds]
    with server.connect() as bad:
        bad.send(b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n")
        need(bad.head().status == 400, "two hosts are refused")
        bad.body()
        sizes.append((len(bad.sent), len(bad.got)))
    wanted = {("GET", "2xx"): 30, ("POST", "2xx"): 5, ("HEAD", "2xx"): 3, ("DELETE", "4xx"): 2,
              ("GET", "5xx"): 4, ("other", "2xx"): 1, ("PATCH", "3xx"): 2}
    # Bytes are counted when the kernel has taken them, so their peer may have read them before.
    total = sum(got for _, got in sizes)
    now = until_shown(server, lambda now: now.requests() == wanted and now.get("cgw_refused_total") == 1 and
                      now.get("cgw_sent_bytes_total") >= total, "not %s and %d bytes sent" % (wanted, total))
    need(now.types["cgw_requests"] == "counter", "requests are a counter")
    need(now.get("cgw_request_duration_seconds_count") == 47, "each has a duration")
    need(now.get("cgw_request_duration_seconds_bucket", le="+Inf") == 47, "in the last bucket are all")
    need(now.get("cgw_connections_accepted_total") == 48, "accepted")
    need(now.get("cgw_received_bytes_total") == sum(sent for sent, _ in sizes), "bytes received")
    need(now.get("cgw_sent_bytes_total") == total, "bytes sent")
    need(now.get("cgw_workers_wanted") == 2 and now.get("cgw_generation") == 1, "two of generation 1")
    need(now.get("cgw_worker_memory_bytes") > 1 << 20, "their memory")
    need(len(now.samples["cgw_worker_start_time_seconds"]) == 2, "a start of each")
    need(abs(now.get("cgw_start_time_seconds") - time.time()) < 300, "the start is lately")
    need(now.samples["cgw_build_info"][0][0]["version"], "a version")
    until_shown(server, lambda now: now.get("cgw_connections") == 0, "all connections are gone")


@long
def case_loop_lag_and_pool_are_seen(lab):
    server = lab.serve("probe_sync", ["--workers", "1", "--threads", "1", *SOCKET])
    peers = [server.connect(30) for _ in range(3)]
    for connection in peers:
        connection.request("/sleep?ms=%d" % (3000 * lab.slow))
    until_shown(server, lambda now: now.get("cgw_pool_busy") == 1 and now.get("cgw_pool_queued") >= 1 and
                now.get("cgw_pool_threads") == 1 and now.get("cgw_requests_in_flight") >= 2,
                "one runs and others wait")
    for connection in peers:
        connection.head()
        connection.body()
        connection.close()
    now = until_shown(server, lambda now: now.get("cgw_pool_wait_seconds_count") == 3, "three have waited")
    need(now.get("cgw_pool_wait_seconds_sum") > 8, "one for as long as a call takes, one for two")
    need(now.get("cgw_loop_lag_seconds_count") > 0, "turns of the loop")
    until_shown(server, lambda now: now.get("cgw_pool_busy") == now.get("cgw_pool_queued") == 0, "all is quiet")
    need(now.types["cgw_loop_lag_seconds"] == "histogram", "in a histogram")


def no_fall(before, now):
    for key, value in before.counters().items():
        need(now.counters().get(key, 0) >= value, "%s fell from %s" % (key, value))


@long
def case_counters_survive_kills_and_reloads(lab):
    server = lab.serve("probe", ["--workers", "2", *SOCKET], may_lose_workers=True)
    before = all_serve(server)
    kills = reloads = 0
    for step in range(6):
        asks(server, 20)
        before_step = scrape(server)
        no_fall(before, before_step)
        done = 20 * (step + 1)
        before = until_shown(server, lambda now, n=done: now.requests() == {("GET", "2xx"): n}, "%d requests" % done)
        if step % 2:
            server.signal("HUP")
            reloads += 1
            now = until_shown(server, lambda now, n=reloads: now.get("cgw_generation") == 1 + n and
                              now.get("cgw_reloads_total", result="success") == n, "a reload")
        else:
            os.kill(app_workers(server)[0], signal.SIGKILL)
            kills += 1
            now = until_shown(server, lambda now, n=kills: now.get("cgw_worker_restarts_total") == n, "a restart")
        no_fall(before, now)
        before = all_serve(server)
        no_fall(now, before)
        need(before.requests() == {("GET", "2xx"): done}, "nothing is lost or counted twice")
    need(before.get("cgw_worker_crashes_total") == kills, "each kill is a crash")
    need(before.get("cgw_reloads_total", result="failure") == 0, "no reload failed")


def case_routes_are_labels(lab):
    server = lab.serve("route_fiber", ["--workers", "2", *SOCKET])
    asks(server, 4, "/plain/quick/1")
    asks(server, 3, "/plain/quick/2", "PUT")
    asks(server, 2, "/plain/quick?name=no")
    now = until_shown(server, lambda now: sum(now.requests().values()) == 9, "nine requests")
    name = "/plain/quick/{rest}"
    need(now.get("cgw_requests_total", route=name, method="GET") == 4, "four of the route")
    need(now.get("cgw_requests_total", route=name, method="PUT") == 3, "three of the route")
    need(now.get("cgw_requests_total", route="") == 2, "two without a name")
    need(now.get("cgw_request_duration_seconds_count", route=name) == 7, "their durations")


def case_blocking_is_counted(lab):
    server = lab.serve("route_fiber", ["--workers", "1", "--blocked-after", "0.1", *SOCKET])
    asks(server, 1, "/plain/sleep?ms=1200")
    name = "/plain/sleep/{rest}"
    # The turn ends behind the answer.
    now = until_shown(server, lambda now: now.get("cgw_blocked_total", route=name) == 1 and
                      now.get("cgw_loop_lag_seconds_count") > now.get("cgw_loop_lag_seconds_bucket", le="1"),
                      "it was caught, and the turn was long")
    need(now.get("cgw_promoted", route=name) == 0, "it stays where it is")


# ---- health

def case_health_answers_with_every_slot_taken(lab):
    server = lab.serve("echo", ["--workers", "1", "--limit-concurrency", "2", *SOCKET])
    peers = holds(server, 2)
    until_shown(server, lambda now: now.get("cgw_requests_in_flight") == 2, "two are in flight")
    need(server.ask("/").status == 503, "there is no slot left")
    for target in "/healthz", "/readyz", "/":
        need(ask(server, target).status == 200, "%s answers" % target)
    need(ask(server, "/healthz", "HEAD").status == 200, "HEAD, too")
    need(ask(server, "/healthz", "POST").status == 405, "nothing but GET and HEAD")
    need(ask(server, "/healthz", "POST").get("allow") == "GET, HEAD", "and says so")
    need(ask(server, "/metrics/").status == 404, "other paths are not there")
    need(scrape(server).get("cgw_refused_total") == 1, "the refused one is counted")
    for connection in peers:
        connection.close()


def case_not_ready_while_draining(lab):
    server = lab.serve("echo", ["--workers", "1", *SOCKET])
    held = holds(server, 1)[0]
    until_shown(server, lambda now: now.get("cgw_requests_in_flight") == 1, "one is in flight")
    need(ask(server, "/readyz").status == 200, "it is ready")
    server.signal("TERM")
    until(lambda: ask(server, "/readyz").status == 503, "it is not ready any more", 10 * lab.slow)
    need(ask(server, "/healthz").status == 200, "but healthy")
    held.send(b"12345")
    need(held.head().status == 200, "the last one is answered")
    held.body()
    held.close()
    need(server.wait() == 0, "it ends well")
    for number in "CGW0104", "CGW0113":
        need(server.log().count(number) == 1, "%s is the worker's alone: %s" % (number, server.log()))


def case_metrics_at_a_path_of_the_workers(lab):
    server = lab.serve("echo", ["--workers", "1", "--limit-concurrency", "1", "--metrics", "/at/metrics"])

    def shown():
        return Shown(server.ask("/at/metrics").body)
    held = holds(server, 1)[0]
    until(lambda: shown().get("cgw_requests_in_flight") == 1, "it is in flight", 10 * lab.slow)
    need(server.ask("/").status == 503, "there is no slot left")
    response = server.ask("/at/metrics")
    need(response.status == 200, "the metrics pass: %d" % response.status)
    need(server.ask("/at/metrics", "POST", body=b"x").status == 405, "they are for reading")
    held.send(b"12345")
    need(held.head().status == 200, "the request that was held")
    held.body()
    held.close()
    need(server.ask("/at/metrics?x=1").status == 200, "a query does not matter")
    need(server.ask("/at/metricsx").status == 200, "a longer path is the application's")
    until(lambda: shown().requests() == {("POST", "2xx"): 1, ("GET", "2xx"): 1}, "they count the application's",
          10 * lab.slow)
    need(shown().get("cgw_refused_total") == 1, "and what was refused for the limit")


# ---- --status

def run_status(lab, *words):
    return subprocess.run([lab.bench.server, "--status", *words], capture_output=True, text=True,
                          timeout=60 * lab.slow, check=False)


def case_status_draws_one_picture_into_a_pipe(lab):
    server = lab.serve("probe", ["--workers", "2", *SOCKET])
    asks(server, 7)
    until_shown(server, lambda now: now.requests() == {("GET", "2xx"): 7}, "seven requests")
    done = run_status(lab, str(server.pid))
    need(done.returncode == 0, done.stderr)
    need(done.stdout.startswith("cgw-serve %d  " % server.pid), done.stdout)
    need("  %s\n" % server.url in done.stdout, done.stdout)
    need("  workers 2 of 2\n" in done.stdout, done.stdout)
    need("\nrequests 7  " in done.stdout, done.stdout)
    for pid in app_workers(server):
        need(re.search(r"^ *%d  serving     1  " % pid, done.stdout, re.M), done.stdout)
    need(re.search(r"^\(not named\) .* 7 ", done.stdout, re.M), done.stdout)
    need("\033" not in done.stdout, "no terminal's codes")
    of_worker = run_status(lab, str(app_workers(server)[0]))
    need(of_worker.stdout.startswith("cgw-serve %d  " % server.pid), "a worker's number will do")


def case_status_without_a_server(lab):
    for word, code, why in [(str(os.getpid()), 1, "it is no cgw-serve"), ("4194304", 1, "there is no such process"),
                            ("some.so", 2, "wants a process number")]:
        done = run_status(lab, word)
        need(done.returncode == code and why in done.stderr, "%s: %d %s" % (word, done.returncode, done.stderr))


def case_status_lists_several(lab):
    servers = [lab.serve("probe", ["--workers", "1"]) for _ in range(2)]
    done = run_status(lab)
    need(done.returncode == 1, "%d %s" % (done.returncode, done.stdout))
    for server in servers:
        need(re.search(r"^  %d  .*  %s$" % (server.pid, re.escape(server.url)), done.stderr, re.M), done.stderr)


def read_until(terminal, text, seconds):
    """What comes from a terminal, up to the text."""
    got, end = b"", time.monotonic() + seconds
    while text not in got:
        need(time.monotonic() < end, "no %r in %r" % (text, got[-2000:]))
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                got += os.read(terminal, 65536)
            except OSError:  # the other side has closed
                need(text in got, "no %r in %r" % (text, got[-2000:]))
    return got


def case_status_refreshes_a_terminal_and_restores_it(lab):
    server = lab.serve("probe", ["--workers", "1", *SOCKET])
    terminal, other = pty.openpty()
    process = lab.bench.spawn([lab.bench.server, "--status", str(server.pid)], stdin=other, stdout=other,
                              stderr=other, env=dict(os.environ, TERM="xterm"))
    os.close(other)
    try:
        got = read_until(terminal, b"requests 0", 20 * lab.slow)
        need(b"\033[?1049h" in got and b"\033[?25l" in got, "the other screen, without a cursor")
        asks(server, 3)
        read_until(terminal, b"requests 3", 20 * lab.slow)
        os.kill(process.pid, signal.SIGINT)
        read_until(terminal, b"\033[?25h\033[?1049l", 20 * lab.slow)
        need(process.wait(20 * lab.slow) == 0, "it ends well")
    finally:
        lab.bench.reap(process)
        os.close(terminal)


def case_status_ends_with_the_server(lab):
    server = lab.serve("probe", ["--workers", "1"])
    terminal, other = pty.openpty()
    process = lab.bench.spawn([lab.bench.server, "--status", str(server.pid)], stdin=other, stdout=other,
                              stderr=other, env=dict(os.environ, TERM="xterm"))
    os.close(other)
    try:
        read_until(terminal, b"requests 0", 20 * lab.slow)
        server.signal("TERM")
        server.wait()
        got = read_until(terminal, b"the server has ended", 20 * lab.slow)
        need(b"\033[?1049l" in got, "the screen is back")
    finally:
        lab.bench.reap(process)
        os.close(terminal)
