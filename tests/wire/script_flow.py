"""Flow: bodies without end, clients that do not read, clients that are slow. Memory stays flat."""
import os
import threading
import time

from wire_lab import Skip, long, need, serves, until

BIG = int(os.environ.get("CGW_WIRE_BIG", 300)) << 20  # MiB by the environment: 10240 by hand
FLAT_KIB = 8 << 10
ALPHABET = b"abcdefghijklmnopqrstuvwxyz"
PIECE = bytes(range(256)) * 256


def flat(lab):
    """A check that the server's memory has grown little since now."""
    def grown(server, before, what):
        if not lab.sanitized:
            growth = server.rss_kib() - before
            need(growth < FLAT_KIB, "%s: the memory grew by %d KiB" % (what, growth))
    return grown


def send_much(peer, total, errors):
    try:
        for _ in range(total // len(PIECE)):
            if not peer.send(PIECE):
                errors.append("the server closed")
                return
    except Exception as error:
        errors.append(str(error))


def much(lab):
    return BIG if not lab.sanitized else BIG // 10


@long
def case_row_32_a_big_upload_leaves_memory_flat(lab):
    for app in "probe", "probe_sync":
        server, total = lab.serve(app, ["--limit-body", "0"]), much(lab)
        server.ask("/hello")
        before = server.rss_kib()
        with server.connect(600) as peer:
            peer.send(b"POST /read-body HTTP/1.1\r\nhost: test\r\ncontent-length: %d\r\n\r\n" % total)
            errors = []
            send_much(peer, total, errors)
            need(not errors, "%s" % errors)
            need(peer.head().status == 200, "status %d" % peer.response.status)
            need(peer.body().startswith(b"length %d " % total), "got %r" % peer.response.body)
        flat(lab)(server, before, app)


@long
def case_row_2_112_a_big_download_leaves_memory_flat(lab):
    for app in "probe", "probe_sync":
        server, total = lab.serve(app), much(lab)
        server.ask("/hello")
        before = server.rss_kib()
        with server.connect(600) as peer:
            peer.request("/stream?n=%d&size=65536&cl=1" % (total >> 16))
            need(peer.head().get("content-length") == str(total), "another length")
            got = peer.drain(most=total)
            need(got == total, "%d bytes came" % got)
            need(peer.ask("/hello").body == b"Hello, world!\n", "the next request")
        flat(lab)(server, before, app)


@long
def case_row_31_32_112_a_big_echo_leaves_memory_flat(lab):
    server, total = lab.serve("echo", ["--limit-body", "0"]), much(lab) // 2
    server.ask("/")
    before, errors = server.rss_kib(), []
    with server.connect(600) as peer:
        peer.send(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: %d\r\n\r\n" % total)
        sending = threading.Thread(target=send_much, args=(peer, total, errors), daemon=True)
        sending.start()
        need(peer.head().get("content-length") == str(total), "another length")
        got = peer.drain(most=total)
        sending.join()
        need(got == total and not errors, "%d bytes came, %s" % (got, errors))
    flat(lab)(server, before, "echo")


def case_row_111_clients_that_do_not_read(lab):
    for app in "probe", "probe_sync":
        server = lab.serve(app, ["--timeout-send", "60"])
        server.ask("/hello")
        before, peers = server.rss_kib(), []
        for _ in range(20):
            peers.append(server.connect())
            peers[-1].request("/endless?size=65536")
        cpu = None
        while cpu is None or server.cpu_seconds() - cpu > 0.1:  # until nothing more can be written
            cpu = server.cpu_seconds()
            time.sleep(0.3 * lab.slow)
        flat(lab)(server, before, "%s, 20 clients" % app)
        need(server.ask("/hello").status == 200, "another client")
        for peer in peers:
            peer.reset()
        need(server.ask("/hello").status == 200, "another client, later")


@serves("probe", "--send-high-water", "32k", "--send-low-water", "4k")
def case_row_112_a_reader_in_fits_and_starts(server):
    for size, pause in (1, 0), (1000, 0.0005), (20000, 0.002), (300000, 0.02):
        with server.connect(60, receive_buffer=16384) as peer:
            peer.request("/stream?n=%d&size=20000&cl=1" % {1: 1, 1000: 10}.get(size, 40))
            total, got = int(peer.head().get("content-length")), len(peer.buf)
            while got < total:
                data = peer.sock.recv(size)
                need(data, "the end after %d of %d bytes" % (got, total))
                got += len(data)
                time.sleep(pause)


@serves("probe")
def case_row_112_many_readers_at_once(server):
    failures = []

    def read(number):
        try:
            with server.connect(60, receive_buffer=8192) as peer:
                response = peer.ask("/stream?n=50&size=%d" % (5000 + number))
                need(response.body == (ALPHABET * 200)[:5000 + number] * 50, "another body")
        except Exception as error:
            failures.append("%d: %r" % (number, error))
    threads = [threading.Thread(target=read, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    need(not failures, "%s" % failures[:3])


@serves("probe")
def case_row_108_111_slow_clients_cost_their_own_connections_only(server):
    slow = [server.connect(60) for _ in range(50)]
    for number, peer in enumerate(slow):
        if number % 2:
            peer.send(b"GET /hello HT")
        else:
            peer.request("/endless")
    for _ in range(50):
        need(server.ask("/hello").body == b"Hello, world!\n", "a quick client")
    for number, peer in enumerate(slow):
        if number % 2:
            peer.send(b"TP/1.1\r\nhost: test\r\n\r\n")
            need(peer.head().status == 200, "a slow client")
        peer.reset()


def case_row_106_idle_connections_are_small(lab):
    if lab.sanitized:
        raise Skip("a sanitizer's memory says nothing")
    server = lab.serve("hello")
    for _ in range(3):
        server.ask("/")
    before, peers = server.rss_kib(), [server.connect(60) for _ in range(500)]
    for peer in peers:
        need(peer.ask("/").status == 200, "a request")
    growth = server.rss_kib() - before
    for peer in peers:
        peer.close()
    need(growth < 2048, "500 idle connections take %d KiB" % growth)
    until(lambda: server.descriptors() < 100, "the server keeps descriptors")


@serves("probe", "--timeout-linger", "0", own=True)
def case_row_44_without_lingering_nothing_is_waited_for(server):
    before = server.descriptors()
    for request, status in ((b"POST /no-read HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n", 200),
                            (b"POST /finish/-1 HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n", 500),
                            (b"GET /close-header HTTP/1.1\r\nhost: test\r\n\r\n", 200),
                            (b"GET / HTTP/9.9\r\nhost: test\r\n\r\n", 505)):
        with server.connect() as peer:  # which does not close
            peer.send(request)
            need(peer.head().status == status, "status %d" % peer.response.status)
            peer.closed()
            until(lambda: server.descriptors() <= before, "%r: the connection is kept" % request,
                  5 * server.bench.slow)
