"""What the server says of calls that crash or block, and what clients see of it."""
import os
import random
import re
import struct
import time

import wire_process
from wire_lab import long, need, until

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apps")
AFTER = ["--blocked-after", "0.1s"]
MAY_DIE = {"may_lose_workers": True}

# Path, function that dies, its line, signal, cause. Undefined behaviour is the sanitizer's business.
DEATHS = [
    ("/null", "die_null", r"sink & 0\) = 1", "SIGSEGV", "use of a null pointer"),
    ("/bus", "die_bus", r"sink = page", "SIGBUS", "bad memory access"),
    ("/divide", "die_divide", r"/ zero", "SIGFPE", "bad arithmetic"),
    ("/trap", "die_trap", "__builtin_trap", "SIG(ILL|TRAP)", "bad instruction"),
    ("/overflow", "dig", None, "SIG(SEGV|BUS)", "stack overflow"),
    ("/nowhere", "die_nowhere", r"nothing\(\);", "SIGSEGV", "use of a null pointer"),
    ("/library", "die_library", r"strlen\(text\)", "SIGSEGV", "use of a null pointer"),
    ("/inlined", "write_nowhere", r"= value", "SIGSEGV", "use of a null pointer"),
]
ABORT = ("/abort", "die_abort", r"abort\(\);", "SIGABRT", r"abort\(\)")


def names_code(lab):
    """Without libdw there are no names, only object+0xoffset."""
    with open(lab.bench.server, "rb") as file:
        return b"dwfl_begin" in file.read()


def line_of(source, function, text):
    """The line inside the function that has the pattern; several where the compiler may choose."""
    with open(os.path.join(SOURCES, source), encoding="utf-8") as file:
        lines = file.read().splitlines()
    first = next(i for i, line in enumerate(lines) if re.search(r"\b%s\(.*\)$" % function, line))
    last = next(i for i in range(first, len(lines)) if lines[i] == "}")
    found = [i + 1 for i in range(first, last) if text is None or re.search(text, lines[i])]
    need(found, "no %s in %s" % (text, function))
    return "(%s)" % "|".join(map(str, found))


def site(lab, source, function, text):
    if names_code(lab):
        return r'site="%s [^" ]*%s:%s"' % (function, re.escape(source), line_of(source, function, text))
    return r"site=[^ ]*%s\.so\+0x[0-9a-f]+" % re.escape(source[:-2])


def dies(lab, app, source, death, path=None, thread="loop"):
    """A client of its own asks for death: the report, and the client's answer."""
    target, function, text, signal, cause = death
    server = lab.serve(app, **MAY_DIE)
    with server.connect() as peer:
        peer.request(path or target)
        need(peer.head().status == 502, "%s: status %d" % (target, peer.response.status))
        need(peer.response.get("connection") == "close" and peer.body() == b"Bad Gateway\n", "another answer")
        peer.closed()
    line = server.wait_log("CGW0190.*").group(0)
    for pattern in (cause, r"\bsignal=%s " % signal, "thread=%s " % thread, "told_502=1 reset=0 ",
                    site(lab, source, function, text), "call=[0-9a-f]{16} ",
                    'request="GET %s HTTP/1.1"' % re.escape(path or target)):
        need(re.search(pattern, line), "%s: no /%s/ in: %s" % (target, pattern, line))
    if not path:
        need(" route=%s " % target in line, "no route in: %s" % line)
    server.wait_log(r"CGW0191 #0 ")
    need(len(re.findall("CGW0190", server.log())) == 1, "more than one report")
    until(lambda: server.ask("/hello").status == 200, "no other worker", 10 * lab.slow)
    server.stop()


def deaths(lab):
    return [ABORT] if lab.sanitized else [*DEATHS, ABORT]


def case_row_105_128_each_death_on_the_loop_is_reported_once(lab):
    for death in deaths(lab):
        dies(lab, "crash", "crash.c", death)


def case_row_105_128_each_death_on_the_pool_is_reported_once(lab):
    for death in deaths(lab):
        dies(lab, "crash_sync", "crash.c", death, thread="pool")


def case_row_105_128_a_death_on_a_switched_stack_is_reported(lab):
    fiber = [("/fiber/abort", "crash_abort", r"abort\(\);", *ABORT[3:])]
    if not lab.sanitized:
        fiber += [("/fiber/null", "crash_null", r"sink & 0\) = 1", *DEATHS[0][3:]),
                  ("/fiber/overflow", "dig", None, *DEATHS[4][3:]),
                  ("/fiber/divide", "crash_divide", "/ zero", *DEATHS[2][3:])]
    for death in fiber:
        dies(lab, "route_fiber", "route_fiber.c", death, path=death[0] + "?x=1")


def case_row_105_a_thread_of_the_applications_own_has_no_request(lab):
    if lab.sanitized:
        return
    server = lab.serve("crash", **MAY_DIE)
    need(server.ask("/thread").status == 502, "another answer")
    line = server.wait_log("CGW0190.*").group(0)
    need("thread=own" in line and "call=- route=- request=-" in line, line)
    need(re.search(site(lab, "crash.c", "own_thread", "sink & 0"), line), line)


def case_row_105_a_death_by_a_sanitizer_is_reported(lab):
    if not lab.sanitized:
        return
    folder = lab.bench.folder()
    env = {name: "%s:log_path=%s/said" % (os.environ.get(name, ""), folder)
           for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}
    server = lab.serve("crash", env=env, **MAY_DIE)
    need(server.ask("/freed").status == 502, "another answer")
    line = server.wait_log("CGW0190.*", 20 * lab.slow).group(0)
    need("sanitizer" in line and "/freed" in line and "die_freed" in line, line)


def case_row_128_who_is_killed_from_outside_leaves_no_report(lab):
    server = lab.serve("crash", **MAY_DIE)
    server.signal("KILL", server.worker)
    server.wait_log("CGW0126 .*SIGKILL")
    until(lambda: server.ask("/hello").status == 200, "no other worker", 10 * lab.slow)
    need("CGW0190" not in server.log(), "a report without a reporter")


def debug_sections(data):
    """Where they lie in a 64-bit ELF file."""
    table, = struct.unpack_from("<Q", data, 0x28)
    size, n, names = struct.unpack_from("<HHH", data, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", data, table + i * size) for i in range(n)]
    for name, _, _, _, offset, length in headers:
        begin = headers[names][4] + name
        if data[begin:begin + 7] == b".debug_":
            yield offset, length


def case_row_105_damaged_debug_information_costs_the_names_only(lab):
    with open(lab.bench.app("crash"), "rb") as file:
        good = file.read()
    for seed in range(6):
        data, dice = bytearray(good), random.Random(seed)
        for offset, length in debug_sections(data):
            for _ in range(length // 50 + 1):
                data[offset + dice.randrange(length)] = dice.randrange(256)
        path = os.path.join(lab.bench.folder(), "damaged.so")
        with open(path, "wb") as file:
            file.write(data)
        server = lab.serve(path, AFTER, **MAY_DIE)
        blocks(lab, server, "/block", 0.4)
        need(server.ask("/abort").status == 502, "another answer")
        line = server.wait_log("CGW0190.*", 12 * lab.slow).group(0)
        need("route=/abort" in line and "site=-" not in line, line)
        until(lambda s=server: s.ask("/hello").status == 200, "no other worker", 10 * lab.slow)
        server.stop()


# ---- what clients see

def waits(server, target="/wait", method="GET", **more):
    peer = server.connect(30)
    peer.request(target, method, **more)
    return peer


def case_row_104_128_clients_of_a_crash_get_an_answer_or_an_end(lab):
    """Nothing sent: 502. Something sent: broken off. Nothing asked: closed."""
    for app in "crash", "crash_sync":
        server = lab.serve(app, **MAY_DIE)
        idle = server.connect(30)
        need(idle.ask("/hello").body == b"hello\n", "another body")
        get, head = waits(server), waits(server, method="HEAD")
        old = waits(server, version="1.0")
        upload = server.connect(30)
        upload.send(b"POST /wait HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\n" + b"x" * 200000)
        partial = waits(server, "/partial")
        need(partial.head().status == 200, "status %d" % partial.response.status)
        partial.match(rb"6\r\nbegun\n\r\n")
        time.sleep(0.2 * lab.slow)
        need(server.ask("/abort").status == 502, "another answer")
        for peer in get, head, old, upload:
            need(peer.head().status == 502, "status %d" % peer.response.status)
            if peer is head:
                peer.no_body()
            need(peer is head or peer.body() == b"Bad Gateway\n", "another body")
            peer.closed()
        partial.closed()
        need(partial.was_reset and partial.response.cut, "the partial response has an orderly end")
        idle.closed()
        server.wait_log("CGW0190 .*told_502=5 reset=1 ")
        for peer in idle, get, head, old, upload, partial:
            peer.close()


def case_row_016_128_a_crash_never_adds_a_second_status_line(lab):
    request = b"GET %s HTTP/1.1\r\nhost: test\r\n\r\n"
    server = lab.serve("crash", **MAY_DIE)
    with server.connect(30) as peer, server.connect(30) as behind:
        peer.send(request % b"/hello" + request % b"/wait")
        need(peer.head().status == 200 and peer.body() == b"hello\n", "another answer")
        behind.send(request % b"/partial" + request % b"/hello")
        need(behind.head().status == 200, "another answer")
        behind.match(rb"6\r\nbegun\n\r\n")
        with server.connect(30) as killer:
            killer.send(request % b"/hello" + request % b"/hello" + request % b"/abort")
            need(killer.head().status == 502 and killer.body() == b"Bad Gateway\n", "another answer")
            killer.closed()  # the answers in front were not written yet: one status line for all
        need(peer.head().status == 502 and peer.body() == b"Bad Gateway\n", "another answer")
        peer.closed()
        behind.closed()
        need(behind.was_reset and behind.response.cut, "an answer inside an answer")
    server.wait_log("CGW0190 .*told_502=2 reset=1 ")


def freeze_all_but(server, pid):
    """The new connections are for that worker."""
    for other in server.workers():
        server.signal("CONT" if other == pid else "STOP", other)
        need(other == pid or wire_process.wait_stopped(other), "it does not stop")


def case_row_104_128_a_crash_is_nothing_to_the_other_worker(lab):
    server = lab.serve("crash", ["--workers", "2"], **MAY_DIE)
    one, two = server.workers()
    freeze_all_but(server, one)
    keeps, waiting = server.connect(30), waits(server, "/partial")
    need(keeps.ask("/hello").status == 200 and waiting.head().status == 200, "another answer")
    waiting.match(rb"6\r\nbegun\n\r\n")
    freeze_all_but(server, two)
    need(server.ask("/abort").status == 502, "another answer")
    server.signal("CONT", one)
    need(keeps.ask("/hello").status == 200, "another answer")
    waiting.no_body()  # of which more may come
    waiting.open()
    need(one in server.workers(), "the other one has gone, too")
    keeps.close()
    waiting.close()


# ---- what blocks

def blocked(server):
    return re.findall(r"CGW0192.*", server.log())


def blocks(lab, server, target, seconds=0.6):
    answer = server.ask("%s?%s%d" % (target, "ms=" if "/fiber" in target else "", 1000 * seconds * lab.slow))
    need(answer.status == 200, "status %d" % answer.status)


def case_row_105_a_call_that_holds_the_loop_is_named_once(lab):
    server = lab.serve("crash", AFTER)
    blocks(lab, server, "/block")
    line = server.wait_log("CGW0192.*").group(0)
    for pattern in ("for_ms=[1-9][0-9]+ ", "times=1 ", site(lab, "crash.c", "rest", "nanosleep|strtol|timespec"),
                    "call=[0-9a-f]{16} ", "route=/block ", r'request="GET /block\?\d+ HTTP/1.1"',
                    "CGW_SYNC", "cgw.thread/1"):
        need(re.search(pattern, line), "no /%s/ in: %s" % (pattern, line))
    server.wait_log("CGW0307 .*route=/block ")
    time.sleep(1.1)  # one look a second
    blocks(lab, server, "/block")
    time.sleep(0.2 * lab.slow)
    need(len(blocked(server)) == 1, "told again: %s" % blocked(server))
    time.sleep(1.1)
    blocks(lab, server, "/block-too")
    until(lambda: len(blocked(server)) == 2, "another route is not told", 5 * lab.slow)


def case_row_105_it_is_named_while_it_still_blocks(lab):
    server = lab.serve("crash", AFTER)
    with server.connect(60) as peer:
        peer.request("/block?%d" % (3000 * lab.slow))
        server.wait_log("CGW0192 ", 2.5 * lab.slow)
        peer.open(0.01)
        need(peer.head().status == 200, "another answer")


def case_row_105_it_is_named_on_a_switched_stack(lab):
    server = lab.serve("route_fiber", AFTER)
    blocks(lab, server, "/fiber/sleep")
    need(re.search(site(lab, "route_fiber.c", "sleep_in_handler", None),
                   server.wait_log("CGW0192.*").group(0)), blocked(server))


@long
def case_row_105_a_busy_loop_that_turns_is_not_blocked(lab):
    # of turns of 1 ms each: as much as a busy machine may keep one waiting, and less than all of them
    server = lab.serve("crash", ["--blocked-after", "0.6s"])
    peers = [server.connect(60) for _ in range(6)]
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        for peer in peers:
            peer.send(b"GET /turn HTTP/1.1\r\nhost: test\r\n\r\n" * 20)
        for peer in peers:
            for _ in range(20):
                need(peer.head().status == 200, "another answer")
                peer.body()
    for peer in peers:
        peer.close()
    need(not blocked(server), "told: %s" % blocked(server))


def case_row_105_who_is_stopped_is_not_blamed(lab):
    server = lab.serve("crash", ["--blocked-after", "0.6s"])
    with server.connect(60) as peer:
        peer.request("/block?%d" % (200 * lab.slow))
        time.sleep(0.05)
        server.signal("STOP", server.worker)
        time.sleep(1 * lab.slow)
        server.signal("CONT", server.worker)
        need(peer.head().status == 200, "another answer")
    need(not blocked(server), "told: %s" % blocked(server))


def case_row_105_blocked_after_0_is_silent(lab):
    server = lab.serve("crash", ["--blocked-after", "0"])
    blocks(lab, server, "/block")
    need(not blocked(server), "told: %s" % blocked(server))


# ---- what hangs

def case_row_129_where_a_worker_hangs_is_in_the_log(lab):
    server = lab.serve("crash", ["--worker-timeout", "1s", "--blocked-after", "0"], **MAY_DIE)
    with waits(server, "/block?900000") as peer:
        line = server.wait_log("CGW0195.*", 10 * lab.slow).group(0)
        need(re.search(site(lab, "crash.c", "rest", "nanosleep|strtol|timespec"), line), line)
        need('request="GET /block?900000 HTTP/1.1"' in line, line)
        server.wait_log("CGW0191 #0 ")
        need(peer.head().status == 502, "another answer")
    server.wait_log("CGW0190 .*the server has ended it", 10 * lab.slow)
    until(lambda: server.ask("/hello").status == 200, "no other worker", 10 * lab.slow)


def case_row_129_also_of_a_stopped_worker(lab):
    server = lab.serve("crash", ["--worker-timeout", "1s"], **MAY_DIE)
    worker = server.worker
    server.signal("STOP", worker)
    server.wait_log("CGW0195 .*pid=%d .*request=-" % worker, 10 * lab.slow)
    if names_code(lab):
        server.wait_log("CGW0191 #.* ev_run ", 5 * lab.slow)
    server.wait_workers(lambda now: len(now) == 1 and worker not in now, "no other worker")
    server.wait_log(r"CGW0120 .*pid=(?!%d\b)" % worker, 10 * lab.slow)  # a stop before is no good start
