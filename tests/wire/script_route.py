"""Routes by cgw.route/1, calls that hold the loop, and what development adds to pages."""
import json
import re
import threading

from wire_lab import need, serves, until

TEXT = b"<p>page</p>\n"
ROUTES = ["--access-log-format", "%U %{route}x %s"]


def where(server, target, **more):
    """Ask it; did it run on the loop or on the pool?"""
    response = server.ask(target, **more)
    need(response.status == 200, "%s: status %d" % (target, response.status))
    found = re.search(rb" on (loop|pool)\n$", response.body)
    need(found, "%s: %r" % (target, response.body))
    return found[1].decode()


def block_until_moved(server, target):
    """Ask for what blocks until it runs on the pool; how often it ran on the loop."""
    answers = []

    def is_moved():
        answers.append(where(server, target))
        return answers[-1] == "pool"
    until(is_moved, "%s is not moved: %s" % (target, answers), 60 * server.bench.slow)
    return len(answers) - 1


def lines(server, number):
    return re.findall(r"^.* %s .*$" % number, server.log(), re.MULTILINE)


# ---- the name


@serves("route_fiber", *ROUTES)
def case_a_route_stands_in_the_access_log(server):
    for stack in "fiber", "plain":
        need(where(server, "/%s/quick/7" % stack) == "loop", "it is moved")
        server.wait_access(r"^/%s/quick/7 /%s/quick/\{rest\} 200$" % (stack, stack))
    where(server, "/fiber/quick/8?name=no")
    server.wait_access(r"^/fiber/quick/8 - 200$")
    where(server, "/fiber/quick/9?name=long")
    server.wait_access(r"^/fiber/quick/9 /fiber/quick/\{rest\}x{281} 200$")


@serves("route_fiber", "--access-log-format", "json")
def case_a_route_is_a_member_of_a_json_line(server):
    where(server, "/plain/quick/7")
    where(server, "/plain/quick/8?name=no")
    server.wait_access(r"quick/8")
    routes = {record["target"]: record["route"] for record in map(json.loads, server.access().splitlines())}
    need(routes["/plain/quick/7"] == "/plain/quick/{rest}", "got %s" % routes)
    need(routes["/plain/quick/8?name=no"] is None, "got %s" % routes)


@serves("route_fiber", *ROUTES, own=True)
def case_a_route_is_named_once_and_before_the_response(server):
    for name in "twice", "late":
        response = server.ask("/fiber/quick?name=" + name)
        need(response.body == b"0 then -1\n", "%s: %r" % (name, response.body))
    server.wait_log(r"CGW0301 .*: a route was named twice ")
    server.wait_log(r"CGW0301 .*: a route was named behind the start of the response ")


# ---- what holds the loop


def case_a_route_that_blocks_twice_is_moved(lab):
    server = lab.serve("route_fiber", ["--promote-blocking", *ROUTES])
    target = "/fiber/sleep/1?ms=%d" % (600 * lab.slow)
    need(block_until_moved(server, target) >= 2, "it was moved too early")
    moved = lines(server, "CGW0308")
    need(len(moved) == 1 and "route=/fiber/sleep/{rest}" in moved[0], "the log says %s" % moved)
    held = [line for line in lines(server, "CGW0307") if "route=/fiber/sleep/{rest}" in line]
    need(len(held) == 1, "not once for the site: %s" % held)
    need(re.search(r"method=GET target=/fiber/sleep/1\?ms=\d+ call=[0-9a-f]{16}", held[0]), held[0])
    for other in "/fiber/quick", "/plain/sleep?ms=1":
        need(where(server, other) == "loop", "%s is moved, too" % other)
    need(where(server, "/fiber/sleep?ms=1&name=touched", method="POST", body=b"x") == "loop",
         "a call that had received is moved")
    server.wait_access(r"(?s)(^/fiber/sleep/1 /fiber/sleep/\{rest\} 200$.*){3}")
    need(not lines(server, "CGW0301"), "the application is blamed: %s" % lines(server, "CGW0301"))


def case_what_is_moved_does_not_hold_the_others(lab):
    server = lab.serve("route_fiber", ["--promote-blocking"])
    block_until_moved(server, "/plain/spin?ms=%d" % (600 * lab.slow))
    with server.connect(60) as slow:
        slow.request("/plain/spin?ms=%d" % (3000 * lab.slow))
        for _ in range(20):
            need(where(server, "/plain/quick") == "loop", "it is moved, too")
        slow.open(0.01)
        slow.head()
        need(slow.body() == b"spun on pool\n", "another answer")


def case_a_moved_call_gets_its_whole_body(lab):
    server = lab.serve("route_fiber", ["--promote-blocking"])
    block_until_moved(server, "/fiber/body?ms=%d" % (600 * lab.slow))
    for size in 0, 1, 1000, 70000, 300000:
        body = (bytes(range(256)) * (size // 256 + 1))[:size]
        answer = server.ask("/fiber/body", method="POST", body=body)
        wanted = b"%d bytes sum %d on pool\n" % (size, sum(body))
        need(answer.body == wanted, "got %r, wanted %r" % (answer.body, wanted))


def case_an_application_without_routes_is_moved_as_a_whole(lab):
    server = lab.serve("route_fiber", ["--promote-blocking"])
    need(block_until_moved(server, "/fiber/sleep?name=no&ms=%d" % (600 * lab.slow)) >= 2, "moved too early")
    for target in "/fiber/quick?name=no", "/plain/quick", "/fiber/body":
        need(where(server, target) == "pool", "%s stays" % target)
    moved = lines(server, "CGW0308")
    need(len(moved) == 1 and "the whole application" in moved[0], "the log says %s" % moved)


def case_nothing_is_moved_unasked(lab):
    server = lab.serve("route_fiber")
    for _ in range(4):
        need(where(server, "/plain/sleep?ms=%d" % (400 * lab.slow)) == "loop", "it is moved")
    server.wait_log("CGW0307 .* route=/plain/sleep/{rest} ")
    need(not lines(server, "CGW0308"), "it is said to be moved")


def case_a_quick_and_busy_loop_is_not_blamed(lab):
    """Many short calls one behind the other are no block, whatever they come to."""
    server = lab.serve("route_fiber", ["--blocked-after", "%g" % (0.4 * lab.slow), "--promote-blocking"])

    def hammer():
        with server.connect(60) as peer:
            for _ in range(150):
                peer.ask("/plain/spin?ms=5")
    threads = [threading.Thread(target=hammer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in "CGW0192", "CGW0307", "CGW0308":
        need(not lines(server, number), "the log says %s" % lines(server, number))


def case_the_browser_is_told_what_blocked(lab):
    server = lab.serve("route_fiber", ["--reload"])
    target = "/fiber/sleep?ms=%d" % (800 * lab.slow)

    def timing():
        return server.ask(target).get("server-timing")
    value = until(timing, "no server-timing", 60 * lab.slow)
    found = re.fullmatch(r'cgw-blocked;dur=(\d+)\.\d{3}(;desc="[^"]*")?', value)
    need(found and int(found[1]) >= 50, "server-timing: %s" % value)
    need(server.ask("/fiber/quick").get("server-timing") is None, "a quick answer has it, too")
    production = lab.serve("route_fiber")
    need(production.ask(target).get("server-timing") is None, "production has it, too")
    production.wait_log("CGW0307")


# ---- pages


def page_of(server, target, method="GET", version="1.1"):
    """A response and all its bytes behind the head, as far as the connection goes."""
    with server.connect() as peer:
        peer.request(target, method, [("te", "trailers")], version=version)
        response = peer.head()
        if method == "HEAD":
            peer.no_body()
        peer.body()
        need(not response.cut, "%s is cut" % target)
        if version == "1.1" and response.get("connection") != "close":
            need(peer.ask("/plain").body == TEXT, "behind %s the connection is out of step" % target)
    return response


def tail_of(server):
    """What pages end in; a whole one."""
    body = page_of(server, "/chunked").body
    need(body.startswith(TEXT), "got %r" % body)
    tail = body[len(TEXT):]
    need(re.fullmatch(rb'<script data-live="[^"]+" src="/\.cgw/reload\.js"></script>\n?', tail), "got %r" % tail)
    return tail


@serves("page", "--reload")
def case_development_adds_to_every_page(server):
    tail = tail_of(server)
    for target in "/sized", "/chunked", "/pieces", "/file", "/file-sized", "/trailers":
        response = page_of(server, target)
        need(response.body == TEXT + tail, "%s: %r" % (target, response.body))
        is_sized = target.endswith("sized")
        wanted = str(len(TEXT + tail)) if is_sized else None
        need(response.get("content-length") == wanted, "%s: content-length %s" % (target, response.get("content-length")))
    response = page_of(server, "/big")
    need(response.body == b"b" * 100000 + tail, "/big: %d bytes" % len(response.body))
    need(page_of(server, "/chunked", version="1.0").body == TEXT + tail, "not to HTTP/1.0")


@serves("page", "--reload")
def case_of_head_only_the_length_is_put_right(server):
    size = len(TEXT + tail_of(server))
    for target, wanted in ("/sized", size), ("/file-sized", size), ("/plain", len(TEXT)), ("/gzip", len(TEXT)):
        response = page_of(server, target, "HEAD")
        need(response.get("content-length") == str(wanted), "%s: %s" % (target, response.get("content-length")))


@serves("page", "--reload")
def case_what_is_no_page_stays_as_it_is(server):
    for target in "/gzip", "/plain", "/range":
        response = page_of(server, target)
        need(response.body == TEXT, "%s: %r" % (target, response.body))
        need(response.get("content-length") == str(len(TEXT)), "%s: another length" % target)
    for target in "/none", "/old", "/empty":
        response = page_of(server, target)
        need(response.body == b"", "%s: %r" % (target, response.body))
    with server.connect() as peer:  # the application is held to its own length, not to ours
        peer.request("/short")
        need(peer.head().status == 500, "a body that is too short passes")


@serves("page")
def case_production_adds_nothing(server):
    for target in "/sized", "/chunked", "/file", "/trailers":
        need(page_of(server, target).body == TEXT, "%s is not as it was sent" % target)
