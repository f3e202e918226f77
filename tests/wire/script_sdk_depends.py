"""Dependencies of the SDK: run once, nested, refused, torn down the other way round."""
import json

from wire_lab import need, serves

APP = "sdk_depends"


def torn_down(server, path, status, where=""):
    """Both, the second first, with the status that was sent."""
    tail = r" status=%s%s of %s" % (status, where, path)
    server.wait_log("torn down first" + tail)
    log = server.log()
    need("torn down second status=%s%s of %s" % (status, where, path) in log, "the second stays")
    need(log.index("torn down second status=%s%s of %s" % (status, where, path))
         < log.index("torn down first status=%s%s of %s" % (status, where, path)), "in the wrong order")
    need("gone before" not in log, "torn down while it was needed")


@serves(APP)
def case_row_180_each_runs_once_and_those_it_wants_first(server):
    answer = server.ask("/nested")
    need((answer.status, answer.body) == (200, b"first second\n"), "%r" % answer.body)
    torn_down(server, "/nested", 200)


@serves(APP)
def case_row_180_of_a_synchronous_route_on_its_thread(server):
    answer = server.ask("/nested-sync")
    need((answer.status, answer.body) == (200, b"first(thread) second(thread)\n"), "%r" % answer.body)
    torn_down(server, "/nested-sync", 200, " on a thread")


@serves(APP)
def case_row_180_asked_for_by_the_handler_alone(server):
    need(server.ask("/asked").body == b"first second\n", "body")
    torn_down(server, "/asked", 200)


@serves(APP)
def case_row_180_teardown_behind_errors(server):
    need(server.ask("/fails").status == 418, "a failure of the handler's")
    torn_down(server, "/fails", 418)
    need(server.ask("/forgets").status == 500, "no reply")
    torn_down(server, "/forgets", 500)
    late = server.ask("/late")
    need(late.status == 504, "late: %d" % late.status)
    torn_down(server, "/late", 504)


@serves(APP)
def case_row_180_teardown_where_the_client_left(server):
    with server.connect() as peer:
        peer.request("/leaves")
        peer.open(0.05)
    server.wait_log("torn down first status=[0-9]+ of /leaves")


@serves(APP)
def case_row_180_a_dependency_refuses(server):
    answer = server.ask("/vault/gold")
    need((answer.status, json.loads(answer.body)) == (401, {"detail": "Unauthorized"}), "%r" % answer.body)
    answer = server.ask("/vault/gold", fields=[("x-key", "old")])
    need((answer.status, json.loads(answer.body)) == (403, {"detail": "the key is old"}), "%r" % answer.body)
    need(server.ask("/vault/gold", fields=[("x-key", "slow")]).status == 504, "a code")
    answer = server.ask("/vault/gold", fields=[("x-key", "good")])
    need((answer.status, answer.body) == (200, b"key first\n"), "the router's first: %r" % answer.body)


@serves(APP)
def case_a_dependency_that_needs_itself_is_named(server):
    need(server.ask("/chicken").status == 500, "status")
    server.wait_log(r"sdk_depends\.c:\d+: dependency (hen|egg) needs itself")
    need(server.ask("/odd").status == 500, "an odd status")
    server.wait_log(r"dependency nonsense returned 77")
    need(server.ask("/asked").status == 200, "and it serves on")


@serves(APP)
def case_teardown_comes_before_background_tasks(server):
    need(server.ask("/background").status == 200, "status")
    server.wait_log("background of /background")
    log = server.log()
    need(log.index("torn down first status=200 of /background") < log.index("background of /background"),
         "in the wrong order")
