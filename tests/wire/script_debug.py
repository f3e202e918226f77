"""Whom an application works for (cgw.current/1), what it is at (cgw.tasks/1), and who may ask."""
import json
import os
import re
import signal
import socket
import time

from script_report import AFTER, MAY_DIE, site
from script_workers import upgrade
from wire_lab import need, serves, until
from wire_peer import Peer

ADDRESS = ["--debug", "--debug-address", "unix:$TMP/debug"]


def waits(server, what, n=1, query=""):
    """Calls that wait for /wake; their connections."""
    peers = []
    for _ in range(n):
        peer = server.connect(60)
        peer.request("/wait/%s%s" % (what, query))
        peers.append(peer)
    return peers


def until_waiting(server, n):
    """The application has them: until the debug address says so."""
    until(lambda: "  tasks %d," % n in tasks(server), "there are not %d tasks" % n, 10 * server.bench.slow)


def answers(peers, status):
    for peer in peers:
        need(peer.head().status == status, "status %d" % peer.response.status)
        peer.body()
        peer.close()


def debug_peer(server):
    end = time.monotonic() + 10 * server.bench.slow
    return Peer(socket.AF_UNIX, os.path.join(server.folder, "debug"), lambda: end)


def tasks(server):
    with debug_peer(server) as peer:
        response = peer.ask("/")
        need(response.status == 200 and response.get("content-type").startswith("text/plain"), "another answer")
        return response.body.decode()


# ---- who is to blame

def case_row_105_who_is_resumed_by_another_call_is_blamed(lab):
    server = lab.serve("tasks", [*AFTER, *ADDRESS])
    peers = waits(server, "block", query="?ms=%d" % (600 * lab.slow))
    until_waiting(server, 1)
    need(server.ask("/wake").body == b"woke 1\n", "another answer")
    answers(peers, 200)
    line = server.wait_log("CGW0192.*").group(0)
    for pattern in (site(lab, "tasks.c", "buy_slowly", None), r"call=[0-9a-f]{16} route=/wait/block/\{rest\} ",
                    r'request="GET /wait/block\?ms=\d+ HTTP/1.1"'):
        need(re.search(pattern, line), "no /%s/ in: %s" % (pattern, line))
    server.wait_log(r"CGW0307 .* route=/wait/block/\{rest\} method=GET target=/wait/block\?ms=")
    need("route=/wake" not in server.log(), "the other is blamed")


def case_row_105_what_is_done_for_no_call_is_nobodys(lab):
    server = lab.serve("tasks", AFTER)
    need(server.ask("/none?ms=%d" % (600 * lab.slow)).body == b"done for none\n", "another answer")
    line = server.wait_log("CGW0192.*").group(0)
    need("call=- route=- request=-" in line and re.search(site(lab, "tasks.c", "work_for_none", None), line), line)
    server.wait_log("CGW0307 .* route=- method=- target=- call=-")


def crashes(lab, what, function, text, cause):
    server = lab.serve("tasks", ADDRESS, **MAY_DIE)
    peers = waits(server, "answer") + waits(server, what)
    until_waiting(server, 2)
    waker = server.connect()
    waker.request("/wake")
    need(waker.head().status == 502 and waker.body() == b"Bad Gateway\n", "another answer")
    line = server.wait_log("CGW0190.*").group(0)
    for pattern in (cause, "thread=loop ", site(lab, "tasks.c", function, text), "call=[0-9a-f]{16} ",
                    r"route=/wait/%s/\{rest\} " % what, "told_502=[23] reset=0 ",
                    'request="GET /wait/%s HTTP/1.1"' % what):
        need(re.search(pattern, line), "no /%s/ in: %s" % (pattern, line))
    until(lambda: server.ask("/debug").status == 200, "no other worker", 10 * lab.slow)
    for peer in [*peers, waker]:
        peer.close()


def case_row_105_128_who_crashes_in_the_callback_of_another_call_is_named(lab):
    if not lab.sanitized:
        crashes(lab, "crash", "buy_nothing", r"sink & 0\) = 1", "use of a null pointer")


def case_row_105_128_a_small_stack_with_one_page_of_guard_overflows(lab):
    if not lab.sanitized:
        crashes(lab, "overflow", "dig", None, "stack overflow")


def case_an_application_that_promotes_its_routes_is_told(lab):
    server = lab.serve("tasks", ["--promote-blocking", *AFTER])
    target, found = "/slow?ms=%d" % (400 * lab.slow), []

    def is_promoted():
        found.append(server.ask(target).body)
        return found[-1] == b"on a thread\n"
    until(is_promoted, "never: %s" % found, 60 * lab.slow)
    need(set(found[:-1]) == {b"on the loop\n"} and len(found) > 2, "it came as %s" % found)
    need(len(re.findall(r"CGW0308 .*route=/slow/\{rest\}", server.log())) == 1, "not told once")


# ---- tasks in the log

def case_row_105_a_signal_lists_the_tasks_of_all_workers(lab):
    server = lab.serve("tasks", ["--workers", "2", "--log-format", "json", *ADDRESS], wait=False)
    server.wait_log('"CGW0101"', 15 * lab.slow)
    server.url = re.search(r'"url":"([^"]+)"', re.search('.*"CGW0101".*', server.log())[0])[1]
    peers = waits(server, "answer", 5)
    until(lambda: tasks(server).count("  task ") == 5, "there are not five", 10 * lab.slow)
    server.signal("QUIT")
    until(lambda: server.log().count('"CGW0322"') == 2, "not both workers", 10 * lab.slow)
    records = [json.loads(line) for line in server.log().splitlines()]
    listed = [record for record in records if record["number"] == "CGW0320"]
    need(len(listed) == 5, "listed are %s" % listed)
    for record in listed:
        need(record["task"] == "buy_at_once" and record["route"] == "/wait/answer/{rest}" and
             record["state"] == "waiting for a word" and record["function"] == "wait_for_wake" and
             record["site"] == "tasks.c:42" and int(record["since_ms"]) >= 0, "it is %s" % record)
    sums = [record for record in records if record["number"] == "CGW0322"]
    need(sorted(record["worker"] for record in sums) == sorted({record["worker"] for record in sums}),
         "one worker twice: %s" % sums)
    need(sum(int(record["tasks"]) for record in sums) == 5 and sum(int(record["calls"]) for record in sums) == 5,
         "the sums are %s" % sums)
    until(lambda: server.ask("/wake") and "  task " not in tasks(server), "some wait for ever", 10 * lab.slow)
    answers(peers, 200)


@serves("tasks", "--debug", "--workers", "2", own=True)
def case_a_worker_can_be_asked_alone(server):
    server.signal("QUIT", server.workers()[0])
    server.wait_log("CGW0322 .*tasks=0 calls=0 listed=0 worker=[01] ")
    time.sleep(0.3 * server.bench.slow)
    need(server.log().count("CGW0322") == 1, "others answer, too")
    need(server.ask("/debug").body == b"debug\n", "the application is not told")


@serves("echo", "--debug", own=True)
def case_an_application_without_tasks_has_its_calls_listed(server):
    with server.connect() as peer:
        peer.send(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\n")
        until(lambda: asked(server), "the call is not there", 10 * server.bench.slow)
        server.wait_log(r"CGW0321 .* call=[0-9a-f]{16} method=POST path=/ route=- age_ms=\d+ worker=0")
        server.wait_log(r"CGW0322 .* tasks=0 calls=1 listed=1 worker=0 pid=%d" % server.worker)
        peer.send(b"12345")
        need(peer.head().status == 200, "status %d" % peer.response.status)
        peer.body()


def asked(server):
    server.signal("QUIT")
    time.sleep(0.1)
    return "CGW0321" in server.log()


def case_without_debug_the_signal_is_what_it_was(lab):
    server = lab.serve("tasks", first="ulimit -c 0")
    need(server.ask("/debug").body == b"no debug\n", "the application is told")
    server.signal("QUIT", server.worker)
    need(server.ask("/debug").status == 200, "a worker ends of it")
    server.signal("QUIT")
    need(server.wait() == -signal.SIGQUIT, "exit code %d" % server.exit_code)


# ---- the debug address

def case_the_debug_address_lists_tasks(lab):
    server = lab.serve("tasks", ADDRESS)
    peers = waits(server, "answer", 3)
    until_waiting(server, 3)
    text = tasks(server)
    need(text.startswith("worker 0, pid %d, generation 1\n" % server.worker), text)
    need(re.search(r"^  task 3 of 2: buy_at_once, route /wait/answer/\{rest\}, waiting for a word since \d+ ms, "
                   r"in wait_for_wake at tasks\.c:42$", text, re.MULTILINE), text)
    need("  task 2 of 1: buy_at_once, route /wait/answer/{rest}, on a thread, waiting" in text, text)
    need(text.endswith("  tasks 3, calls 3, listed 3\n"), text)
    server.ask("/wake")
    answers(peers, 200)
    for method, target, status in (("HEAD", "/", 200), ("GET", "/x", 404), ("POST", "/", 405)):
        with debug_peer(server) as peer:
            need(peer.ask(target, method).status == status, "%s %s" % (method, target))
    for junk in b"\r\n\r\n", b"\0" * 9000, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 3000:
        with debug_peer(server) as peer:
            peer.send(junk)
            peer.half_close()
            peer.drain()
    need("CGW0322" not in server.log(), "the log has it, too")
    need(tasks(server).endswith("  tasks 0, calls 0, listed 0\n"), "it is not well any more")


def case_the_debug_address_says_who_does_not_answer(lab):
    server = lab.serve("tasks", ADDRESS)
    with server.connect(60) as peer:
        peer.request("/slow?ms=%d" % (3000 * lab.slow))
        text = until(lambda: (lambda now: "does not answer" in now and now)(tasks(server)), "it answers",
                     10 * lab.slow)
        need(text == "worker 0, pid %d, generation 1\n  does not answer: something holds its loop\n" % server.worker,
             text)
        need(peer.head().status == 200, "status %d" % peer.response.status)
        peer.body()
    need(tasks(server).endswith("  tasks 0, calls 0, listed 0\n"), "it does not answer again")


def case_many_may_ask_at_the_debug_address(lab):
    server = lab.serve("tasks", ADDRESS)
    peers = [debug_peer(server) for _ in range(12)]
    for peer in peers:
        peer.request("/")
    for peer in peers:
        need(peer.head().status == 200 and b"tasks 0" in peer.body(), "another answer")
        peer.close()


def case_the_debug_address_is_on_this_machine(lab):
    server = lab.serve("tasks", ["--debug", "--debug-address", ":0"])
    server.wait_log(r"CGW0815 .*url=http://127\.0\.0\.1:\d+$")
    need("CGW0816" not in server.log(), "a warning")
    far = lab.serve("tasks", ["--debug", "--debug-address", "0.0.0.0:0"])
    far.wait_log("CGW0816 .*address=0.0.0.0$")
    alone = lab.serve("tasks", ["--debug-address", ":0"], wait=False)
    need(alone.wait() == 2, "exit code %d" % alone.exit_code)
    need("--debug-address: is there with --debug only" in alone.log(), alone.log())


def case_the_debug_address_goes_with_an_upgrade(lab):
    server = lab.serve("tasks", ADDRESS)
    before = tasks(server)
    need(upgrade(lab, server) == 0, "the old supervisor did not end well")

    def is_there():
        try:
            return tasks(server) != before
        except OSError:
            return False
    until(is_there, "the new one does not have it", 15 * lab.slow)
    server.signal("TERM")
    need(server.wait() == 0, "exit code %d" % server.exit_code)
    need(not os.path.exists(os.path.join(server.folder, "debug")), "the socket's file is left")
