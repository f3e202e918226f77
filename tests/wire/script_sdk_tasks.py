"""Tasks of the SDK under the host's eyes: what crashes, overflows and blocks is named, and many sleep."""
import os
import re

from wire_lab import long, need, serves, until

APP = "sdk_tasks"
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apps")


def names_code(lab):
    """Without libdw there are no names, only object+0xoffset."""
    with open(lab.bench.server, "rb") as file:
        return b"dwfl_begin" in file.read()


def line_of(pattern):
    with open(os.path.join(SOURCES, "sdk_tasks.c"), encoding="utf-8") as file:
        return next(n for n, line in enumerate(file, 1) if re.search(pattern, line))


def dies(lab, target, route, cause, function):
    server = lab.serve(APP, may_lose_workers=True)
    with server.connect() as peer:
        peer.request(target)
        need(peer.head().status == 502, "%s: status %d" % (target, peer.response.status))
    said = server.wait_log(r"CGW019\d.*")
    log = server.log()
    need(cause in log, "the cause is not %s: %s" % (cause, said))
    need("route=%s" % route in log, "the route is not named: %s" % log[-2000:])
    if names_code(lab):
        need("sdk_tasks.c:" in log and function in log, "no file, no function: %s" % log[-2000:])
    server.wait_workers(lambda workers: len(workers) == 1, "a new worker")
    need(server.ask("/stays").status == 200, "and it serves again")


def case_a_stack_that_overflows_on_a_fiber_is_named(lab):
    if lab.sanitized:
        return  # the sanitizer has its own words
    dies(lab, "/overflow/7", "/overflow/{_id}", "stack overflow", "dig")


def case_a_crash_behind_a_suspension_names_its_own_route(lab):
    if lab.sanitized:
        return
    dies(lab, "/crash/7", "/crash/{_id}", "SIGSEGV", "write_nowhere")


def case_a_crash_of_a_synchronous_route_names_it(lab):
    if lab.sanitized:
        return
    dies(lab, "/crash-sync/7", "/crash-sync/{_id}", "SIGSEGV", "write_nowhere")


def case_what_blocks_behind_a_suspension_names_its_own_route(lab):
    server = lab.serve(APP, ["--blocked-after", "0.1s"])
    need(server.ask("/blocks/%d" % (600 * lab.slow)).status == 200, "status")
    server.wait_log(r"CGW0(192|307) .*route=/blocks/\{ms:int\}")
    if names_code(lab):
        need("block_ms" in server.log() or "blocks" in server.log(), "no function: %s" % server.log()[-2000:])


def case_promote_blocking_moves_one_route_of_an_sdk_application(lab):
    server = lab.serve(APP, ["--blocked-after", "0.05s", "--promote-blocking"])
    until(lambda: server.ask("/moves/400").body == b"on a thread\n", "it is not moved",
          30 * lab.slow)
    need(server.ask("/stays").body == b"on loop\n", "the others stay")
    need("CGW0308" in server.log(), "nothing is said")


@long
def case_a_hundred_thousand_tasks_asleep_at_once(lab):
    many = 20000 if lab.sanitized else 100000
    server = lab.serve(APP)
    with server.connect(60) as peer:
        answer = peer.ask("/sleepers/%d" % many)
    asleep, each = map(int, answer.body.split())
    need(asleep == many, "%d were asleep" % asleep)
    if not lab.sanitized:
        need(each < 8192, "each took %d bytes" % each)
    need(server.ask("/stays").status == 200, "and it serves on")
