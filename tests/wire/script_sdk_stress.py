"""All stages of a request at once, with clients that leave, workers that go, and one that ends.

CGW_STRESS_SECONDS makes each storm longer, CGW_STRESS_SEED repeats one.
"""
import os
import re
import time

from script_days import HOST, Memory, torture
from script_debug import ADDRESS, tasks
from script_workers import upgrade
from wire_lab import long, need, until
from wire_peer import Failed
from wire_storm import Lost, Storm

APP = "sdk_stress"
SECONDS = float(os.environ.get("CGW_STRESS_SECONDS", "0.7"))
CLIENTS = 24


def books(server):
    return {name: (int(begun), int(ended))
            for name, begun, ended in re.findall(rb"(\w+) (\d+) (\d+)\n", server.ask("/books").body)}


def is_balanced(server):
    """What was begun was ended, but for this very request."""
    now = books(server)
    return all(begun - ended == (name in (b"requests", b"deferred")) for name, (begun, ended) in now.items())


def comes_to_rest(server):
    """Nothing is left of what the storm has begun."""
    until(lambda: is_balanced(server), "the books: %s" % books(server), 10 * server.bench.slow)
    if "--debug" in server.options:
        until(lambda: tasks(server).endswith("  tasks 3, calls 0, listed 3\n"), tasks(server), 10 * server.bench.slow)


def blow(storm, *how):
    try:
        storm.blow(*how)
    except Lost as lost:
        raise Failed(str(lost)) from None
    return storm.counts


@long
def case_rows_182_183_a_storm_leaves_nothing_behind(lab):
    server = lab.serve(APP, ["--threads", "8", "--thread-queue", "6", *ADDRESS])
    sizes = []
    for _ in range(2):
        counts = blow(Storm(server, CLIENTS), SECONDS)
        need(counts["answered"] >= 20 and counts["left"] >= 5, "it was calm: %s" % counts)
        comes_to_rest(server)
        sizes.append(server.rss_kib())
    need(lab.sanitized or sizes[1] < sizes[0] + 8192, "memory grows: %s KiB" % sizes)
    need(re.search(rb"most [123]\n", server.ask("/books").body), "too many in a semaphore")


@long
def case_workers_come_and_go_in_a_storm(lab):
    server = lab.serve(APP, ["--workers", "2", "--max-requests", "150", "--max-requests-jitter", "100"])

    def change():
        for _ in range(max(2, int(SECONDS))):
            time.sleep(0.2)
            before = server.workers()
            server.signal("HUP")
            server.wait_workers(lambda now, old=before: len(set(now) - set(old)) >= 2, "no new workers",
                                30 * lab.slow)
    blow(Storm(server, CLIENTS, leave=10), SECONDS, change)
    comes_to_rest(server)


def case_the_binary_is_replaced_in_a_storm(lab):
    server = lab.serve(APP)
    blow(Storm(server, CLIENTS // 2, leave=10), SECONDS, lambda: need(upgrade(lab, server) == 0, "exit code"))
    comes_to_rest(server)


STAGES = [
    "GET /slow?ms=300", "GET /slow-sync?ms=300", "GET /whole-sync?ms=200", "GET /blocking?ms=200",
    "GET /stream?n=4000&piece=100&ms=10", "GET /events?n=10&ms=20", "GET /events-sync?n=10&ms=20",
    "GET /gather?n=8&ms=10", "GET /gather-sync?n=8&ms=10", "GET /after?n=4", "GET /after-sync?n=4", "GET /spawns",
    "GET /need", "GET /by-hand", "POST /echo 3 abc", "POST /pipe 3 abc",
]
ENDLESS = [
    "GET /slow?ms=60000", "GET /slow-sync?ms=60000", "GET /stay", "GET /stream?n=4000000&ms=1000",
    "GET /events?n=1000&ms=1000", "GET /events-sync?n=1000&ms=1000", "GET /gather?n=8&ms=60000",
    "GET /gather-sync?n=8&ms=60000", "POST /echo 10 abc", "POST /pipe 10 abc", "GET /whole?n=4000000",
    "POST /stay 3 abc",
]


def begin(server, requests, n):
    """n connections with a request each: "METHOD TARGET", or with a body and how long it is to be."""
    peers = []
    for i in range(n):
        method, target, length, body = (*requests[i % len(requests)].split(), "0", "")[:4]
        peer = server.connect(60)
        peer.send(("%s %s HTTP/1.1\r\nhost: test\r\ncontent-length: %s\r\n\r\n%s" %
                   (method, target, length, body)).encode())
        peers.append(peer)
    return peers


def case_it_ends_with_a_hundred_requests_in_all_stages(lab):
    server = lab.serve(APP)
    peers = begin(server, STAGES, 100)
    server.signal("TERM")
    for i, peer in enumerate(peers):
        need(peer.head().status == 200, "%s: status %d" % (STAGES[i % len(STAGES)], peer.response.status))
        peer.body()
        peer.close()
    need(server.wait() == 0, "exit code %d" % server.exit_code)


def case_it_ends_all_that_never_would(lab):
    server = lab.serve(APP, ["--timeout-graceful-shutdown", "0.3s"])
    peers = begin(server, ENDLESS, 5 * len(ENDLESS))
    time.sleep(0.1)
    server.signal("TERM")
    code = server.wait()
    need(code == 0 and "CGW0106" not in server.log(), "exit code %d: %s" % (code, server.log()[-1500:]))
    for peer in peers:
        peer.close()


def case_row_104_memory_fails_in_each_stage(lab):
    memory = Memory(lab)
    server = memory.serve(lab, APP, ["--timeout-linger", "0.2"])
    for target in ("/need", "/need-sync", "/gather?n=4&ms=0", "/gather-sync?n=4&ms=0", "/spawns", "/blocking",
                   "/events?n=2&ms=0", "/events-sync?n=2&ms=0", "/by-hand", "/slow", "/late", "/need-late?ms=9"):
        data = ("GET %s" % target).encode() + HOST + b"\r\n"
        for width in (1, 3):
            torture(memory, server, target, data, (200, 504), width, "/whole")
    data = b"POST /layered" + HOST + b"content-length: 70000\r\n\r\n" + bytes(70000)
    torture(memory, server, "/layered", data, (200,), 1, "/whole")
    comes_to_rest(server)
