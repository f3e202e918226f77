"""What is too long, or too much of the same, for a text: pieces, pipelines, sizes."""
import os
import time

import wire_text
from wire_lab import need, serves, until
from wire_peer import Failed

ROWS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rows")
POST = (b"POST /read-body?a=b HTTP/1.1\r\nHost: test\r\nX-Some: thing\r\nContent-Length: 5\r\n\r\nhello"
        b"GET /hello HTTP/1.1\r\nHost: test\r\n\r\n")
CHUNKS = (b"POST /read-body HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
          b"2;ext=1\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\nGET /hello HTTP/1.1\r\nHost: test\r\n\r\n")


def both_answers(peer, where):
    try:
        peer.head()
        need(peer.response.status == 200, "status %d" % peer.response.status)
        need(peer.body().startswith(b"length 5 crc32 3610a686"), "body %r" % peer.response.body)
        peer.head()
        need(peer.body() == b"Hello, world!\n", "second body %r" % peer.response.body)
    except Failed as failed:
        raise Failed("%s: %s" % (where, failed)) from None


def cut_everywhere(server, data):
    peers = [server.connect(30) for _ in range(1, len(data))]
    for cut, peer in enumerate(peers, 1):
        peer.send(data[:cut])
    time.sleep(0.05)
    for cut, peer in enumerate(peers, 1):
        peer.send(data[cut:])
    for cut, peer in enumerate(peers, 1):
        both_answers(peer, "cut after %r" % data[max(0, cut - 10):cut])
        peer.close()


@serves("probe")
def case_row_18_33_cut_once_at_every_byte(server):
    cut_everywhere(server, POST)
    cut_everywhere(server, CHUNKS)


@serves("probe")
def case_row_18_33_in_pieces_of_every_size(server):
    for data in POST, CHUNKS:
        for size in 1, 2, 3, 7:
            with server.connect(30) as peer:
                peer.drip(data, size, 0.001)
                both_answers(peer, "pieces of %d" % size)


@serves("hello")
def case_row_16_a_thousand_pipelined(server):
    with server.connect(30) as peer:
        sending = peer.send_later(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n" * 1000)
        for _ in range(1000):
            need(peer.head().status == 200, "status %d" % peer.response.status)
            need(peer.body() == b"Hello, world!\n", "body %r" % peer.response.body)
        sending.join()
        peer.open()


@serves("echo")
def case_row_16_31_pipelined_bodies_are_not_mixed(server):
    with server.connect(30) as peer:
        bodies = [b"%d," % i * (i * 37 % 1500) for i in range(300)]
        sending = peer.send_later(b"".join(
            b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: %d\r\n\r\n%s" % (len(b), b)
            for b in bodies))
        for i, body in enumerate(bodies):
            peer.head()
            need(peer.body() == (body or b"hello"), "body %d is another" % i)
        sending.join()
        peer.open()


@serves("hello")
def case_row_21_the_date_is_refreshed(server):
    with server.connect(30) as peer:
        first = peer.ask().get("date")
        until(lambda: peer.ask().get("date") != first, "the date stays")


@serves("probe")
def case_row_30_a_thousand_fields_in_order(server):
    fields = [field for field in server.ask("/headers/1000").fields if field[0].startswith("x-")]
    need(fields == [("x-%d" % i, str(i)) for i in range(1000)], "got %d fields" % len(fields))


def whole_or_error(server, target, most, short=False):
    """A response of another length than announced: an error, or cut, or the excess left out; and
    in any case the end of the connection."""
    with server.connect() as peer:
        peer.request(target)
        peer.request("/hello")
        response, body = peer.head(), peer.body()
        if response.status != 500:
            need(response.status == 200, "status %d" % response.status)
            need(response.cut or len(body) == int(response.get("content-length")), "%r" % body)
            need(response.cut or not short, "the response is complete: %r" % body)
            need(most.startswith(body), "bytes that should not be out: %r" % body)
        peer.closed()


@serves("probe")
def case_row_99_a_body_shorter_than_its_length(server):
    whole_or_error(server, "/length-short", b"short", short=True)
    whole_or_error(server, "/flushed-then-end?cl=20", b"part\n", short=True)


@serves("probe")
def case_row_99_a_body_longer_than_its_length(server):
    with server.connect() as peer:
        for target in "/length-long", "/length-long?split=1":
            whole_or_error(server, target, b"too l")
        peer.request("/large?size=100&id=x")
        need(peer.head().status == 200, "the next request")


@serves("probe_sync")
def case_row_99_of_a_sync_application(server):
    whole_or_error(server, "/length-short", b"short", short=True)
    whole_or_error(server, "/length-long", b"too l")
    whole_or_error(server, "/length-long?split=1", b"too l")


def refused():
    """The heads of 051-malformed that are answered with 400 and nothing else."""
    for text in wire_text.parse(os.path.join(ROWS, "051-malformed.wire")):
        statuses = [step.rest for step in text.steps if step.verb == "status"]
        if statuses == ["400"] and text.setup() == ("echo", (), ()):
            yield text.name, b"".join(step.data() for step in text.steps if step.verb == "send")


def case_row_51_52_53_54_58_59_60_61_62_63_64_66_67_69_71_the_application_is_not_called(lab):
    log = os.path.join(lab.bench.folder(), "probe.log")
    server = lab.serve("probe", env={"PROBE_LOG": log})
    count = 0
    for name, data in refused():
        with server.connect() as peer:
            peer.send(data)
            need(peer.head().status == 400, "%s: %d" % (name, peer.response.status))
            peer.closed()
        count += 1
    need(count > 80, "only %d cases" % count)
    server.ask("/sentinel")
    with open(log, encoding="utf-8") as file:
        calls = [line for line in file if line.startswith("call")]
    need(calls == ["call GET /sentinel\n"], "calls: %s" % calls)


@serves("probe", "--limit-body", "0")
def case_row_32_reading_pauses_while_the_application_does_not_read(server):
    total, taken, piece = 64 << 20, 0, bytes(65536)
    with server.connect(30) as peer:
        peer.send(b"POST /slow-read?ms=2000 HTTP/1.1\r\nhost: test\r\ncontent-length: %d\r\n\r\n" % total)
        peer.sock.settimeout(0.7)
        try:
            while taken < total:
                taken += peer.sock.send(piece)
        except TimeoutError:
            pass
        except OSError as error:
            raise Failed("after %d bytes: %s" % (taken, error)) from None
        peer.reset()
        need(taken < 32 << 20, "the server took %d MiB that nobody read" % (taken >> 20))
