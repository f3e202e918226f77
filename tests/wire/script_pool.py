"""The thread pool: synchronous applications, and blocking functions of asynchronous ones."""
import os
import threading

from script_life import lines_of, probe_log
from wire_lab import need, serves, until


def at_once(server, targets):
    """Ask each target on a connection and a thread of its own; the responses in order."""
    answers = [None] * len(targets)

    def one(number):
        try:
            with server.connect(30) as peer:
                answers[number] = peer.ask(targets[number])
        except Exception as error:
            answers[number] = error
    threads = [threading.Thread(target=one, args=(n,)) for n in range(len(targets))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def case_row_113_a_full_pool_answers_503(lab):
    server = lab.serve("probe_sync", ["--threads", "2", "--thread-queue", "1"])
    answers = at_once(server, ["/sleep?ms=%d" % (1500 * lab.slow)] * 6)
    good = [answer for answer in answers if answer.status == 200]
    full = [answer for answer in answers if answer.status == 503]
    need(len(good) == 3 and len(full) == 3, "got %s" % [answer.status for answer in answers])
    for answer in full:
        need((answer.get("retry-after") or "").isdigit(), "retry-after: %s" % answer.get("retry-after"))
    need(server.ask("/hello").status == 200, "a request when there is room again")


@serves("probe", "--threads", "2", "--thread-queue", "0", own=True)
def case_row_113_a_full_pool_is_said_to_an_asynchronous_call(server):
    ms = 1500 * server.bench.slow
    answers = at_once(server, ["/thread?ms=%d" % ms] * 4)
    found = sorted(answer.status for answer in answers)
    need(found == [200, 200, 503, 503], "got %s" % found)


@serves("probe", "--threads", "3", own=True)
def case_asynchronous_calls_are_answered_while_all_threads_sleep(server):
    peers = [server.connect(30) for _ in range(6)]
    for peer in peers:
        peer.request("/thread?ms=%d" % (1500 * server.bench.slow))
    for _ in range(50):
        need(server.ask("/hello").body == b"Hello, world!\n", "a request")
    for peer in peers:
        peer.open(0.001)
    for peer in peers:
        need(peer.head().status == 200, "status %d" % peer.response.status)
        need(peer.body() == b"threaded 0\n", "body %r" % peer.response.body)


@serves("probe_sync")
def case_a_hundred_calls_sleep_at_once(server):
    answers = at_once(server, ["/sleep?ms=100"] * 100)
    need(all(answer.body == b"slept\n" for answer in answers), "not all slept")


@serves("probe_sync", "--threads", "4", "--thread-queue", "200", "--thread-idle", "0.2", own=True)
def case_threads_come_and_leave(server):
    def threads():
        return len(os.listdir("/proc/%d/task" % server.worker))
    server.ask("/hello")
    at_once(server, ["/sleep?ms=50"] * 12)
    until(lambda: threads() < 6, "%d threads stay" % threads(), 10 * server.bench.slow)
    need(server.ask("/hello").status == 200, "a request when all threads have left")


@serves("probe")
def case_timers_watches_threads_posts(server):
    for target, body in (("/timers", b"2 1\n"), ("/watch?ms=10", b"readable\n"),
                         ("/thread?ms=10", b"threaded 0\n"), ("/post?ms=10", b"posted\n"),
                         ("/alloc?n=100&size=1000", b"ok\n"), ("/thread-finish?ms=50", b"left\n")):
        with server.connect() as peer:
            for _ in range(3):
                need(peer.ask(target).body == body, "%s: %r" % (target, peer.response.body))


@serves("probe_sync")
def case_the_same_in_a_synchronous_application(server):
    for target, body in (("/sleep?ms=10", b"slept\n"), ("/post?ms=10", b"posted\n"),
                         ("/thread?ms=10", b"threaded 0\n"), ("/alloc?n=100&size=1000", b"ok\n"),
                         ("/no-length?n=3", b"piece 0\npiece 1\npiece 2\n"), ("/hello", b"Hello, world!\n"),
                         ("/stream?n=5&size=10", b"abcdefghij" * 5)):
        with server.connect() as peer:
            for _ in range(3):
                need(peer.ask(target).body == body, "%s: %r" % (target, peer.response.body))


@serves("probe_sync")
def case_row_31_40_bodies_of_a_synchronous_application(server):
    with server.connect() as peer:
        for size in 0, 1, 5, 8191, 65536, 65537, 1000000:
            body = peer.ask("/read-body", "POST", body=b"x" * size).body
            need(body.startswith(b"length %d " % size), "%d: %r" % (size, body))
        peer.request("/read-body", "POST", [("expect", "100-continue"), ("transfer-encoding", "chunked")])
        need(peer.head().status == 100, "status %d" % peer.response.status)
        peer.send(b"5\r\nhello\r\n0\r\n\r\n")
        need(peer.head().status == 200 and peer.body().startswith(b"length 5 crc32 3610a686"), "the end")


@serves("probe")
def case_extensions_on_the_wire(server):
    with server.connect() as peer:
        peer.request("/informational?n=2")
        for _ in range(2):
            need(peer.head().status == 103, "status %d" % peer.response.status)
            need(peer.response.get("link") == "</a.css>; rel=preload", "%s" % peer.response.fields)
        need(peer.head().status == 200 and peer.response.get("x-wanted") == "1", "the final response")
        for target, trailers in (("/trailers", [("x-crc", "363a3020")]),
                                 ("/trailers-more", [("x-one", "1"), ("x-two", "2")])):
            need(peer.ask(target, fields=[("te", "trailers")]).body == b"hello\n", "a body")
            need(peer.response.trailers == trailers, "%s" % peer.response.trailers)
            need(peer.ask(target).body == b"hello\n", "a body")
            need(peer.response.trailers == [], "not asked for: %s" % peer.response.trailers)
        peer.request("/trailers-missing", fields=[("te", "trailers")])
        if peer.head().status != 500:
            peer.body()
            need(peer.response.cut, "complete without its trailers")
    with server.connect() as peer:
        peer.request("/informational", version="1.0")
        need(peer.head().status == 200 and peer.response.get("x-wanted") == "0", "1xx to HTTP/1.0")


def case_files_of_a_call(lab):
    for app in "probe", "probe_sync":
        server, path = lab.serve(app), os.path.join(lab.bench.folder(), "file")
        data = os.urandom(300000)
        with open(path, "wb") as file:
            file.write(data)
        with server.connect() as peer:
            for more, wanted in (("", data), ("&by=path", data), ("&offset=1000&count=70000", data[1000:71000]),
                                 ("&cl=no", data), ("&offset=300000", b""), ("&by=path&cl=no&offset=5", data[5:])):
                body = peer.ask("/file?path=%s%s" % (path, more)).body
                need(body == wanted, "%s: %d bytes" % (more, len(body)))
            need(peer.ask("/file-mixed?path=%s" % path).body == b"head\n" + data + b"tail\n", "mixed")
            response = peer.ask("/file?path=%s" % path, "HEAD")
            need(response.get("content-length") == "300000", "HEAD: %s" % response.fields)
            need(peer.ask("/hello").body == b"Hello, world!\n", "the next request")
        with server.connect() as peer:
            peer.request("/file-bad?path=%s-is-not-there" % path)
            need(peer.head().status in (200, 500), "status %d" % peer.response.status)
            need(peer.response.status == 500 or (peer.body(), peer.response.cut)[1], "complete")


def case_row_123_shutdown_is_told(lab):
    log = probe_log(lab)
    server = lab.serve("probe", env={"PROBE_LOG": log})
    with server.connect() as peer:
        peer.request("/shutdown-wait")
        until(lambda: "call GET /shutdown-wait" in lines_of(log), "no call", 10 * lab.slow)
        server.signal("TERM")
        need(peer.head().status == 200 and peer.body() == b"draining\n", "got %r" % peer.response.body)
        peer.closed()
    need(server.wait() == 0, "exit code %d" % server.exit_code)
