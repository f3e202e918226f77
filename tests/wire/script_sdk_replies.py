"""Requests, replies, streams and errors of the SDK: each on a fiber, and on a pool thread."""
import json
import re
import time

from script_days import HOST, Memory, torture
from wire_lab import need, serves, until

APP = "sdk_replies"
BOTH = ("", "/sync")
JSON = [("content-type", "application/json")]
THING = {"name": "nail", "price": 0.5, "sizes": [1, 2]}


def same(got, wanted, what):
    need(got == wanted, "%s: %r, not %r" % (what, got, wanted))


def text(server, target, **more):
    answer = server.ask(target, **more)
    need(answer.status == 200, "%s: status %d %r" % (target, answer.status, answer.body))
    return answer.body.decode("latin-1").rstrip("\n")


def send_json(server, target, value, fields=(), **more):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return server.ask(target, method="POST", fields=JSON + list(fields), body=body, **more)


def errors(answer):
    """Of a 422: its types by where they are."""
    need(answer.status == 422, "status %d %r" % (answer.status, answer.body))
    same(answer.get("content-type"), "application/json", "type")
    return {".".join(map(str, error["loc"])): error["type"] for error in json.loads(answer.body)["detail"]}


def logged(server, pattern, n):
    """Wait until the log has n such lines."""
    until(lambda: len(re.findall(pattern, server.log())) >= n, "no %d lines of %s" % (n, pattern),
          10 * server.bench.slow)


# ---- requests


@serves(APP)
def case_both_kinds_run_where_they_should(server):
    same(text(server, "/where"), "loop", "a fiber")
    same(text(server, "/sync/where"), "thread", "a sync route")


@serves(APP, "--root-path", "/mounted")
def case_the_head_of_a_request(server):
    for kind in BOTH:
        got = text(server, kind + "/head/a%20b/c?x=%201")
        need(got.startswith("method=GET path=/mounted%s/head/a b/c root=/mounted query=x=%%201 "
                            "scheme=http host=test client=127.0.0.1 port=1 " % kind), got)
        need(got.endswith(" route=%s/head/{rest:path} rest=a b/c" % kind), got)


@serves(APP)
def case_queries_and_fields_with_several_values(server):
    for kind in BOTH:
        same(text(server, kind + "/query?a=1&b=2&a=b%20c+d&a"), "a=1 all=1|b c d|", "query")
        same(text(server, kind + "/query"), "a=(none) all=", "no query")
        same(text(server, kind + "/fields", fields=[("X-Thing", "1"), ("x-thing", "2")]),
             "x=1 all=1|2", "fields")


@serves(APP)
def case_row_178_cookies_of_several_fields_quoted_with_junk_between(server):
    fields = [("cookie", 'a=1; junk; b="x y\\"z"'), ("Cookie", "c=3;;=none; a=last")]
    for kind in BOTH:
        same(text(server, kind + "/cookies", fields=fields), 'a=last b=x y"z c=3', "cookies")


# ---- whole replies


@serves(APP)
def case_whole_replies(server):
    for kind in BOTH:
        answer = server.ask(kind + "/html")
        same((answer.body, answer.get("content-type")), (b"<p>7</p>\n", "text/html; charset=utf-8"), "html")
        answer = server.ask(kind + "/bytes")
        same((answer.body, answer.get("content-type")), (b"a\0b", "application/x-test"), "bytes")
        answer = server.ask(kind + "/html", method="HEAD")
        same((answer.get("content-length"), answer.body), ("9", b""), "HEAD")
        for status, length in ((200, "0"), (202, "0"), (204, None), (304, None)):
            answer = server.ask("%s/empty/%d" % (kind, status))
            same((answer.status, answer.get("content-length"), answer.get("content-type")),
                 (status, length, None), "empty")
        same(server.ask(kind + "/empty/42").status, 500, "no status")


@serves(APP)
def case_redirects_cannot_be_split(server):
    for kind in BOTH:
        for asked, status in ((0, 307), (302, 302), (303, 303), (308, 308), (404, 307)):
            answer = server.ask("%s/redirect/%d" % (kind, asked))
            same((answer.status, answer.get("location"), answer.get("x-evil")),
                 (status, "/a%20b%0D%0Ax-evil:%201%C3%A4?q=%20", None), "redirect")


@serves(APP)
def case_fields_and_cookies_of_a_reply(server):
    for kind in BOTH:
        answer = server.ask(kind + "/decorated")
        same((answer.status, answer.body), (200, b"hi\n"), "body")
        same(answer.all("x-one"), ["1", "2"], "added")
        same(answer.all("x-two"), ["new"], "set")
        same(answer.all("content-type"), ["text/x-own"], "type")
        same(answer.all("x-evil") + answer.all("x-worse"), [], "evil")
        same(answer.all("set-cookie"), [
            "session=abc; Path=/; SameSite=lax; HttpOnly",
            "old=; Path=/x; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=lax; HttpOnly",
            "all=1; Path=/; Domain=example.org; Max-Age=60; SameSite=none; Secure"], "cookies")


# ---- models


@serves(APP)
def case_row_179_a_body_of_a_model(server):
    for kind in BOTH:
        answer = send_json(server, kind + "/things", THING)
        same((answer.status, json.loads(answer.body)), (201, THING), "thing")
        answer = server.ask(kind + "/things", method="POST", body=json.dumps(THING).encode(),
                            fields=[("content-type", "Application/vnd.thing+JSON ; charset=utf-8")])
        same(answer.status, 201, "+json")


@serves(APP)
def case_row_179_a_body_that_is_none(server):
    for kind in BOTH:
        same(errors(send_json(server, kind + "/things", b"")), {"body": "missing"}, "nothing")
        same(errors(send_json(server, kind + "/things", b"{")), {"body.1": "json_invalid"}, "half")
        same(errors(send_json(server, kind + "/things", {"price": -1, "sizes": ["x"]})),
             {"body.name": "missing", "body.price": "greater_than", "body.sizes.0": "int_parsing"}, "bad")
        for fields in [], [("content-type", "text/plain")], [("content-type", "application/jsonx")]:
            answer = server.ask(kind + "/things", method="POST", fields=fields,
                                body=json.dumps(THING).encode())
            same(errors(answer), {"body": "model_attributes_type"}, "not JSON")
            same(json.loads(answer.body)["detail"][0]["input"], json.dumps(THING), "input")


@serves(APP)
def case_row_179_errors_of_all_sources_are_one_answer(server):
    for kind in BOTH:
        good = send_json(server, kind + "/everything/12?limit=5", THING,
                         [("x-trace", "t1"), ("cookie", "session=abc")])
        same((good.status, good.body), (200, b"nail 5 t1 abc 12\n"), "all good")
        bad = send_json(server, kind + "/everything/2?limit=x", {"name": ""}, [("cookie", "session=a")])
        same(errors(bad), {"path.id": "greater_than_equal", "query.limit": "int_parsing",
                           "header.x_trace": "missing", "cookie.session": "string_too_short",
                           "body.name": "string_too_short", "body.price": "missing"}, "all bad")
        same([error["loc"][0] for error in json.loads(bad.body)["detail"]],
             ["path", "query", "header", "cookie", "body", "body"], "order")


@serves(APP)
def case_row_179_models_by_hand(server):
    for kind in BOTH:
        answer = send_json(server, kind + "/by-hand", THING)
        same((answer.status, json.loads(answer.body)), (200, THING), "good")
        same(errors(send_json(server, kind + "/by-hand", {"name": 1})),
             {"name": "string_type", "price": "missing"}, "bad")


@serves(APP)
def case_lists_short_and_long(server):
    for kind in BOTH:
        for n in 0, 3, 20000:
            answer = server.ask("%s/many/%d" % (kind, n))
            rows = json.loads(answer.body)
            same((len(rows), answer.get("content-type")), (n, "application/json"), "list")
            if n:
                same(rows[-1], {"name": "thing", "price": float(n - 1), "sizes": []}, "last")
            answer = server.ask("%s/rows/%d" % (kind, min(n, 2000)))
            same((len(json.loads(answer.body)), answer.get("content-length")), (min(n, 2000), None), "rows")
        same(server.ask(kind + "/many/20000", method="HEAD").status, 200, "HEAD of a long list")


@serves(APP, own=True)
def case_a_hundred_thousand_rows_in_flat_memory(server):
    server.ask("/rows/10")
    before = server.rss_kib()
    answer = server.ask("/rows/100000")
    same(answer.body.count(b'"row"'), 100000, "rows")
    need(server.rss_kib() - before < 4096, "grew by %d KiB" % (server.rss_kib() - before))


# ---- bodies


@serves(APP)
def case_row_188_a_routes_limit_overrides_the_applications(server):
    for kind in BOTH:
        for target, most in ("/length", 1000), ("/pieces", 400000):
            same(server.ask(kind + target, method="POST", body=b"x" * most).status, 200, "just fits")
            answer = server.ask(kind + target, method="POST", body=b"x" * (most + 1))
            same((answer.status, json.loads(answer.body)["detail"]), (413, "Content Too Large"), "too big")
        same(text(server, kind + "/wide", method="POST", body=b"x" * 500000), "500000", "the usual limit")


@serves(APP)
def case_row_188_a_length_is_refused_before_it_is_read(server):
    for kind in BOTH:
        with server.connect() as peer:
            peer.send(b"POST %s/length HTTP/1.1\r\nhost: test\r\ncontent-length: 1001\r\n\r\n" % kind.encode())
            same(peer.head().status, 413, "status")


@serves(APP)
def case_row_188_chunks_are_counted(server):
    for kind in BOTH:
        with server.connect() as peer:
            peer.send(b"POST %s/length HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n"
                      % kind.encode())
            peer.send(b"1f4\r\n" + b"x" * 500 + b"\r\n")
            peer.open(0.05)
            peer.send(b"1f5\r\n" + b"x" * 501 + b"\r\n")
            same(peer.head().status, 413, "status")


@serves(APP)
def case_a_body_is_read_on_where_a_timeout_broke_it_off(server):
    for kind in BOTH:
        for pause in 0.2, 1, 5:  # the call may begin late
            with server.connect(30) as peer:
                peer.send(b"POST %s/patient HTTP/1.1\r\nhost: test\r\ncontent-length: 4\r\n\r\nab" % kind.encode())
                time.sleep(pause)
                peer.send(b"cd")
                peer.head()
                if peer.body() != b"abcd after none\n":
                    break
        same(peer.response.body, b"abcd after timeouts\n", "body")


@serves(APP)
def case_a_client_that_leaves_within_its_body(server):
    for i, kind in enumerate(BOTH):
        with server.connect() as peer:
            peer.send(b"POST %s/early HTTP/1.1\r\nhost: test\r\ncontent-length: 4\r\n\r\nab" % kind.encode())
            peer.open(0.05)
        logged(server, "early: the peer has left", i + 1)
    failures = [line for line in server.log().splitlines() if "CGW0303" in line and "/early" in line]
    need(not failures, "it is no failure: %s" % failures)  # others of this server fail on purpose


# ---- streams


@serves(APP)
def case_streams(server):
    for kind in BOTH:
        answer = server.ask(kind + "/stream/3")
        same(answer.body, b"line 0\nline 1\nline 2\nend\n", "stream")
        same((answer.get("x-kind"), answer.get("content-length")), ("stream", None), "fields")
        answer = server.ask(kind + "/stream/3", method="HEAD")
        same((answer.status, answer.get("content-type")), (200, "text/plain"), "HEAD")
        answer = server.ask(kind + "/by-event")
        same((answer.status, answer.body, answer.get("x-kind")), (203, b"by hand\n", "hand"), "by event")
        same(text(server, kind + "/unbegun"), "1", "written and not begun")


@serves(APP)
def case_several_tasks_write_one_stream(server):
    wanted = sorted("%d-%d %s." % (n, i, " " * 100 * n) for n in range(8) for i in range(20))
    for kind in BOTH:
        lines = text(server, kind + "/chorus").split("\n")
        same(sorted(lines), wanted, "lines")
        for n in range(8):
            own = [line for line in lines if line.startswith("%d-" % n)]
            same(own, sorted(own, key=lambda line: int(line[2:].split()[0])), "order")
        blocks = text(server, kind + "/shouts").strip("\n").split("\n\n")
        same(blocks.count("data: from GET"), 50, "events")
        need(set(blocks) == {"data: from GET", ": ping"}, "torn: %r" % set(blocks))


@serves(APP)
def case_row_181_an_error_behind_the_start_breaks_the_response_off(server):
    for i, kind in enumerate(BOTH):
        with server.connect() as peer:
            peer.request(kind + "/unended")
            # what is not on the wire yet may still be an error as a whole
            if peer.head().status == 200:
                peer.body()
                need(peer.response.cut, "it looks whole")
            else:
                same(peer.response.status, 500, "status")
        logged(server, "/unended: the response breaks off, as unended", i + 1)
    need("too late" not in server.log(), "the error was handled")


@serves(APP)
def case_row_183_streaming_stops_when_the_client_leaves(server):
    for i, kind in enumerate(BOTH):
        with server.connect(receive_buffer=4096) as peer:
            peer.request(kind + "/flood")
            peer.head()
        logged(server, "flood: the peer has left and it knows", i + 1)


@serves(APP)
def case_row_183_a_route_that_cares_is_canceled(server):
    for i, kind in enumerate(BOTH):
        with server.connect() as peer:
            peer.request(kind + "/leaving")
            peer.open(0.05)
        logged(server, "leaving: the peer has left", i + 1)
        with server.connect() as peer:
            peer.request(kind + "/staying")
            peer.open(0.05)
        logged(server, "staying: no error alone", i + 1)


@serves(APP)
def case_row_186_events(server):
    for kind in BOTH:
        answer = server.ask(kind + "/events/2")
        same(answer.body, b"".join(b"event: tick\nid: %d\ndata: a\ndata: b\ndata: c\ndata: d\n\n" % i
                                   for i in range(2)) + b": bye\nretry: 500\n\n", "events")
        same((answer.get("content-type"), answer.get("cache-control"), answer.get("x-accel-buffering")),
             ("text/event-stream", "no-cache", "no"), "fields")
        same(server.ask(kind + "/events/2", method="HEAD").status, 200, "HEAD")


@serves(APP)
def case_row_186_an_idle_stream_is_pinged_until_the_client_leaves(server):
    for i, kind in enumerate(BOTH):
        with server.connect() as peer:
            peer.request(kind + "/idle")
            same(peer.head().get("content-type"), "text/event-stream", "at once")
            peer.match(rb"8\r\n: ping\n\n\r\n8\r\n: ping\n\n\r\n")
        logged(server, "idle: the peer has left", i + 1)


@serves(APP, "--timeout-graceful-shutdown", "0.5s", own=True)
def case_the_end_of_grace_cancels_what_waits(server):
    with server.connect() as one, server.connect() as two:
        one.request("/idle")
        one.head()
        two.request("/sync/leaving")
        two.open(0.1)
        server.signal("TERM")
        logged(server, "idle: canceled", 1)
        logged(server, "leaving: canceled", 1)
        same(server.wait(), 0, "exit code")


# ---- errors


@serves(APP)
def case_row_181_handlers_by_code_come_before_those_by_status(server):
    for kind in BOTH:
        same(server.ask(kind + "/fail/409").body, b"by status\n", "by status")
        same(server.ask(kind + "/code/-36").body, b"by code\n", "by code")
        answer = server.ask(kind + "/code/-6")
        same((answer.status, json.loads(answer.body)["detail"]),
             (409, "from within, not asked about again"), "an error of the handler's own")
        where = "thread" if kind else "loop"
        answer = server.ask(kind + "/fail/418")
        same((answer.status, answer.body), (418, b'teapot on a %s: 418 0 no "thing"\n' % where.encode()), "cause")


@serves(APP)
def case_errors_and_codes(server):
    for kind in BOTH:
        answer = server.ask(kind + "/fail/401")
        same((answer.status, answer.body), (401, b'{"detail":"no \\"thing\\""}'), "fail")
        same((answer.get("www-authenticate"), answer.get("content-language")), ("Bearer", None), "fields")
        for code, status, detail in ((-32, 504, "Gateway Timeout"), (-33, 404, "Not Found"),
                                     (-34, 413, "Content Too Large"), (-35, 422, "Unprocessable Content"),
                                     (-5, 503, "Service Unavailable"), (-3, 500, "Internal Server Error"),
                                     (-13, 500, "Internal Server Error"), (403, 403, "Forbidden")):
            answer = server.ask("%s/code/%d" % (kind, code))
            same((answer.status, json.loads(answer.body)), (status, {"detail": detail}), "code %d" % code)
            same(answer.get("retry-after"), "1" if status == 503 else None, "retry-after")
        same(server.ask(kind + "/slow").status, 504, "slow")
    server.wait_log(r"GET /sync/code/\{code\}: Permission denied \(-13\) in code_reply\(\), .*sdk_replies\.c:\d+")


@serves(APP)
def case_a_handler_without_a_reply_is_named(server):
    for kind, name in ("", "silent"), ("/sync", "silent_sync"):
        same(server.ask(kind + "/silent").status, 500, "status")
        server.wait_log(r"GET %s/silent: %s\(\) returned without a reply, .*sdk_replies\.c:\d+" % (kind, name))
        same(text(server, kind + "/unbound"), "0", "zeroes")
        server.wait_log(r"%s\(\) asks for a Page, which its route does not bind" % name.replace("silent", "unbound"))


def post(target, value, fields=b""):
    body = json.dumps(value).encode()
    return b"POST %s" % target + HOST + fields + (
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)) + body


def case_memory_fails_at_each_place_in_turn(lab):
    memory = Memory(lab)
    server = memory.serve(lab, APP, ["--timeout-linger", "0.2", "--no-access-log"])
    server.ask("/where")
    everything = b"cookie: session=abc\r\nx-trace: t\r\n"
    for kind in b"", b"/sync":
        exchanges = [(b"GET %s%s" % (kind, target) + HOST + fields + b"\r\n", good) for target, fields, good in (
            (b"/head/a%20b?x=1", b"x-long: " + b"x" * 3000 + b"\r\n", 200),
            (b"/query?a=%c3%a4&a=" + b"y" * 2000, b"", 200),
            (b"/decorated", b"", 200), (b"/many/300", b"", 200), (b"/rows/1000", b"", 200),
            (b"/events/3", b"", 200), (b"/fail/409", b"", 409), (b"/redirect/302", b"", 302))]
        exchanges += [(post(kind + b"/everything/12?limit=5", THING, everything), 200),
                      (post(kind + b"/everything/2?limit=x", {"sizes": ["x"] * 50}, everything), 422),
                      (post(kind + b"/wide", "x" * 100000), 200)]
        for data, good in exchanges:
            for width in 1, 20:
                torture(memory, server, data.split(b" ")[1].decode()[:40], data, (good,), width, "/where")
    server.signal("TERM")
    same(server.wait(), 0, "exit code")


@serves("sdk_problem")
def case_errors_as_problem_documents(server):
    def problem(answer, status):
        same((answer.status, answer.get("content-type")), (status, "application/problem+json"), "type")
        same(answer.get("x-seen"), str(status), "a handler for all")
        return json.loads(answer.body)
    same(problem(server.ask("/fail"), 403),
         {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "not yours"}, "fail")
    same(problem(server.ask("/nowhere"), 404),
         {"type": "about:blank", "title": "Not Found", "status": 404}, "no route")
    bad = problem(send_json(server, "/things", {"n": 0}), 422)
    same([error["type"] for error in bad["errors"]], ["greater_than_equal"], "422")
    same(server.ask("/busy").get("retry-after"), "1", "busy")
    same(problem(server.ask("/secret"), 500)["title"], "Internal Server Error", "no word of why")
