"""The middleware that comes with the SDK: around routes, whole applications, and those they mount."""
import gzip
import re
import subprocess
import zlib

from script_days import HOST, Memory, torture
from wire_lab import Skip, need, serves

APP, AROUND = "sdk_middleware", "sdk_around"
BOTH = ("", "/sync")
GZIP = [("accept-encoding", "gzip, deflate")]
LARGE = 3 * 1024 * 1024


def same(got, wanted, what):
    need(got == wanted, "%s: %r, not %r" % (what, got, wanted))


def is_encoded(answer):
    return answer.get("content-encoding") == "gzip"


def varies(answer, word="Accept-Encoding"):
    return word in [one.strip() for value in answer.all("vary") for one in value.split(",")]


def plain(server, target, **more):
    answer = server.ask(target, **more)
    need(answer.status == 200 and not is_encoded(answer), "%s: %s" % (target, answer.status))
    return answer.body


def unzipped(server, target):
    answer = server.ask(target, fields=GZIP)
    need(answer.status == 200 and is_encoded(answer), "%s: %s" % (target, answer.status))
    need(varies(answer), "%s: no vary" % target)
    return answer, gzip.decompress(answer.body)


# ---- gzip


@serves(APP)
def case_row_173_short_bodies_are_untouched(server):
    for kind in BOTH:
        for n in (0, 1, 499):
            answer = server.ask("%s/bytes/%d" % (kind, n), fields=GZIP)
            need(not is_encoded(answer) and varies(answer), "%d" % n)
            same(answer.get("content-length"), str(n), "length")
        answer, body = unzipped(server, kind + "/bytes/500")
        same(body, plain(server, kind + "/bytes/500"), "500 bytes")
        same(int(answer.get("content-length")), len(answer.body), "its length")
        need(len(answer.body) < 500, "smaller")


@serves(APP)
def case_row_173_bodies_of_all_lengths(server):
    for n in (501, 4095, 65535, 65536, 65537, 300000, LARGE):
        for kind in BOTH:
            answer, body = unzipped(server, "%s/bytes/%d" % (kind, n))
            same(body, plain(server, "%s/bytes/%d" % (kind, n)), "%d bytes" % n)
            same(bool(answer.get("content-length")), n <= 65536, "a length where it is known")


@serves(APP)
def case_row_173_curl_understands_it(server):
    command = ["curl", "-s", "--compressed", "-m", "20",
               "http://127.0.0.1:%d/stream?large=1" % server.port]
    try:
        body = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    except FileNotFoundError:
        raise Skip("no curl") from None
    same(body, plain(server, "/stream?large=1"), "what curl got")


@serves(APP)
def case_row_173_streams_are_flushed_piece_by_piece(server):
    for kind in BOTH:
        _, body = unzipped(server, kind + "/stream")
        same(body, b"".join(b"piece %d\n" % i for i in range(5)), "stream")
    with server.connect() as peer:
        peer.send(b"GET /stream?slow=1 HTTP/1.1\r\nhost: test\r\naccept-encoding: gzip\r\n\r\n")
        need(is_encoded(peer.head()), "encoded")
        inflate, text = zlib.decompressobj(31), b""
        while text != b"piece 0\n":  # the second is not made before we have left
            peer.match(rb"[0-9a-f]+\r\n")
            while not peer.buf.endswith(b"\0\0\xff\xff\r\n"):  # a flush, and the end of its chunk
                need(peer.fill(), "the rest of the piece")
            text += inflate.decompress(bytes(peer.buf[:-2]))
            peer.buf.clear()


@serves(APP)
def case_row_173_what_is_untouched(server):
    large = plain(server, "/fields")
    for query in ("content-encoding=br", "cache-control=private,no-transform", "status=206",
                  "type=text/event-stream", "type=image/png", "type=application/zip",
                  "content-range=bytes%200-1999/2000"):
        answer = server.ask("/fields?" + query, fields=GZIP)
        need(not is_encoded(answer) and not varies(answer), query)
        same(answer.body, large, query)
    for status in (204, 304):
        answer = server.ask("/fields?status=%d" % status, fields=GZIP)
        need(answer.status == status and not is_encoded(answer) and not answer.body, status)
    for status in (404, 500):
        answer = server.ask("/fields?status=%d" % status, fields=GZIP)
        need(answer.status == status and is_encoded(answer), status)
    events = server.ask("/events", fields=GZIP)
    need(not is_encoded(events) and events.body.count(b"data: ") == 40, "events")
    file = server.ask("/file", fields=GZIP)
    need(not is_encoded(file) and file.body[:4] == b"\x7fELF" and len(file.body) == 4096, "a file")
    for target in ("/fields?type=image/svg%2Bxml", "/same/2000"):
        need(is_encoded(server.ask(target, fields=GZIP)), target)


@serves(APP)
def case_row_173_fields(server):
    for sent, got in (('"x"', 'W/"x"'), ('W/"x"', 'W/"x"')):
        same(server.ask("/fields?etag=" + sent.replace('"', "%22"), fields=GZIP).get("etag"), got,
             "etag")
        same(server.ask("/fields?etag=" + sent.replace('"', "%22")).get("etag"), sent, "plain")
    same(server.ask("/fields?vary=Cookie").all("vary"), ["Cookie, Accept-Encoding"], "vary")
    same(server.ask("/fields?vary=accept-encoding").all("vary"), ["accept-encoding"], "vary")
    same(server.ask("/fields?vary=*").all("vary"), ["*"], "vary")
    head = server.ask("/bytes/3000", method="HEAD", fields=GZIP)
    need(is_encoded(head) and varies(head) and not head.body, "HEAD")
    need(not head.get("content-length"), "a length that is not known")
    head = server.ask("/bytes/300", method="HEAD", fields=GZIP)
    need(not is_encoded(head) and head.get("content-length") == "300", "HEAD of little")


@serves(APP)
def case_row_173_what_the_client_accepts(server):
    for value, wanted in (("gzip", True), ("GZIP", True), ("x-gzip", True), ("*", True),
                          ("br, gzip;q=0.1", True), ("gzip; q=1.000", True), ("gzip;q=0", False),
                          ("gzip;q=0.000", False), ("*;q=0", False), ("*, gzip;q=0", False),
                          ("identity", False), ("", False), ("br", False), ("gzipped", False),
                          ("identity;q=1, gzip;q=0.5", False), ("gzip;q=1.001", False),
                          ("identity;q=0.5, *", True), ("gzip;x=1;q=0", False)):
        answer = server.ask("/bytes/1000", fields=[("accept-encoding", value)])
        need(is_encoded(answer) == wanted and varies(answer), value)
    two = [("accept-encoding", "br"), ("accept-encoding", "gzip")]
    need(is_encoded(server.ask("/bytes/1000", fields=two)), "two fields")


@serves(APP)
def case_row_173_trailers_and_what_breaks_off(server):
    answer = server.ask("/trailers", fields=GZIP + [("te", "trailers")])
    need(is_encoded(answer) and len(gzip.decompress(answer.body)) == 2000, "body")
    same(answer.trailers, [("x-sum", "42")], "trailers")
    with server.connect() as peer:
        peer.request("/broken", "GET", GZIP, None)
        answer = peer.head()
        peer.body()
        need(answer.status == 500 or answer.cut, "it looks whole")


# ---- CORS

A, B, EVIL = "https://a.example", "https://x.b.example", "https://evil.example"
SAFE = "Accept, Accept-Language, Content-Language, Content-Type"


def allowed(answer):
    return {name[15:]: value for name, value in answer.fields if name.startswith("access-control-")}


def preflight(server, target, origin, method="GET", headers=None, network=False, cookie=None):
    fields = [("origin", origin), ("access-control-request-method", method)]
    if headers is not None:
        fields.append(("access-control-request-headers", headers))
    if network:
        fields.append(("access-control-request-private-network", "true"))
    if cookie:
        fields.append(("cookie", cookie))
    return server.ask(target, method="OPTIONS", fields=fields)


STRICT = {"allow-credentials": "true", "allow-methods": "GET, POST", "max-age": "600",
          "allow-headers": SAFE + ", X-Token"}


@serves(APP)
def case_row_174_preflights_that_are_allowed(server):
    for origin in (A, B):
        for headers in (None, "X-Token", "x-token,accept", " content-type , x-token"):
            answer = preflight(server, "/strict/text", origin, "POST", headers)
            same((answer.status, answer.body), (200, b"OK"), "preflight")
            same(allowed(answer), dict(STRICT, **{"allow-origin": origin}), "fields")
            need(varies(answer, "Origin"), "vary")
    answer = preflight(server, "/open/text", EVIL, "DELETE", "x-any, x-other")
    same(answer.status, 200, "open")
    same(allowed(answer), {"allow-origin": "*", "max-age": "5", "allow-headers": "x-any, x-other",
                           "allow-methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"}, "open")
    need(not varies(answer, "Origin"), "it does not depend on the origin")
    answer = preflight(server, "/private/text", EVIL, network=True)
    same((answer.status, allowed(answer)["allow-private-network"]), (200, "true"), "network")
    same(allowed(answer)["allow-origin"], EVIL, "with credentials no star")


@serves(APP)
def case_row_174_preflights_that_are_refused(server):
    for more, text in (({"origin": EVIL}, "origin"), ({"method": "PUT"}, "method"),
                       ({"headers": "x-evil"}, "headers"), ({"network": True}, "private-network"),
                       ({"origin": "https://b.example"}, "origin"), ({"origin": "null"}, "origin"),
                       ({"origin": "https://evil.example/.b.example"}, "origin"),
                       ({"origin": "https://evil:1.b.example"}, "origin"),
                       ({"origin": A + ".evil"}, "origin"), ({"origin": A + "."}, "origin"),
                       ({"method": "post"}, "method"),
                       ({"origin": EVIL, "method": "PUT", "headers": "x-token, x", "network": True},
                        "origin, method, headers, private-network")):
        wanted = dict({"origin": A}, **more)
        answer = preflight(server, "/strict/text", **wanted)
        same((answer.status, answer.body.decode()), (400, "Disallowed CORS " + text), more)
        same("allow-origin" in allowed(answer), "origin" not in text.split(", "), more)
    same(preflight(server, "/nowhere", A).status, 404, "no route")
    same(server.ask("/strict/text", method="OPTIONS", fields=[("origin", A)]).status, 405,
         "no preflight")


@serves(APP)
def case_row_174_replies(server):
    told = {"allow-origin": A, "allow-credentials": "true", "expose-headers": "X-Total, X-Page"}
    for fields in ([], [("cookie", "a=b")]):
        answer = server.ask("/strict/text", fields=fields + [("origin", A)])
        same((answer.body, allowed(answer)), (b"text\n", told), "of an origin that is allowed")
        need(varies(answer, "Origin"), "vary")
        same(allowed(server.ask("/open/text", fields=fields + [("origin", A)])),
             {"allow-origin": "*"}, "open")
    for fields in ([], [("origin", EVIL)]):
        answer = server.ask("/strict/text", fields=fields)
        same((answer.body, allowed(answer)), (b"text\n", {}), "of another one")
        need(varies(answer, "Origin"), "vary")
    answer = server.ask("/private/text", fields=[("origin", EVIL)])
    same(allowed(answer), {"allow-origin": EVIL, "allow-credentials": "true"}, "credentials")
    same(server.ask("/strict/text?vary=Cookie", fields=[("origin", A)]).all("vary"),
         ["Cookie, Origin, Accept-Encoding"], "vary")
    answer = server.ask("/open/stream", fields=[("origin", A)] + GZIP)
    need(is_encoded(answer) and allowed(answer) == {"allow-origin": "*"}, "a stream")


@serves(APP)
def case_row_174_nothing_leaks_from_one_request_to_the_next(server):
    with server.connect() as peer:
        for origin in (A, B, EVIL, A, None, B):
            fields = [("origin", origin)] if origin else []
            told = allowed(peer.ask("/strict/text", fields=fields)).get("allow-origin")
            same(told, origin if origin in (A, B) else None, "origin")


@serves(APP)
def case_row_174_errors_have_the_fields_too(server):
    answer = server.ask("/strict/fail", method="POST", fields=[("origin", A)])
    same((answer.status, allowed(answer)["allow-origin"]), (500, A), "error")


# ---- around a whole application


@serves(AROUND)
def case_row_174_around_an_application(server):
    for target, method, status in (("/text", "GET", 200), ("/nowhere", "GET", 404),
                                   ("/text", "DELETE", 405), ("/item", "POST", 422),
                                   ("/error", "GET", 500), ("/late", "GET", 504),
                                   ("/text/", "GET", 307), ("/bare/x", "GET", 200),
                                   ("/blocking/x", "GET", 200)):
        answer = server.ask(target, method=method, fields=[("origin", A)])
        same((answer.status, allowed(answer).get("allow-origin")), (status, A), target)
        need(re.fullmatch("[0-9a-f]{32}", answer.get("x-trace")), "%s: trace" % target)
        need(re.fullmatch(r"\d+\.\d{6}", answer.get("x-process-time")), "%s: time" % target)
        same(answer.get("ratelimit-limit"), "100000", target)
    for target in ("/text", "/nowhere", "/bare/x", "/blocking/x"):
        answer = preflight(server, target, A)
        same((answer.status, answer.body), (200, b"OK"), target)
        same(preflight(server, target, EVIL).status, 400, target)


@serves(AROUND)
def case_row_173_around_applications_that_are_mounted(server):
    for target, length in (("/bare/x", 500000), ("/blocking/x", 1000)):
        answer, body = unzipped(server, target)
        same((len(body), body), (length, plain(server, target)), target)
    same(answer.get("etag"), 'W/"1"', "etag")


@serves(AROUND)
def case_clients_that_leave_mounted_applications(server):
    for _ in range(5):
        with server.connect(receive_buffer=4096) as peer:
            peer.send(b"GET /bare/x HTTP/1.1\r\nhost: test\r\naccept-encoding: gzip\r\n\r\n")
            peer.head()
            peer.reset()
    same(server.ask("/text").body, b"text\n", "it goes on")


# ---- the others


@serves(APP)
def case_trusted_hosts(server):
    for host, status in (("example.org", 200), ("EXAMPLE.org:8000", 200), ("example.org.", 200),
                         ("a.example.net", 200), ("a.b.example.net:1", 200), ("[::1]:80", 200),
                         ("example.net", 400), (".example.net", 400), ("evilexample.org", 400),
                         ("example.org.evil.example", 400), ("example.org:80:80", 400)):
        with server.connect() as peer:
            peer.send(b"GET /hosts/text HTTP/1.1\r\nhost: %s\r\nconnection: close\r\n\r\n" %
                      host.encode())
            answer = peer.head()
        same(answer.status, status, host)


@serves(APP)
def case_https_redirect(server):
    for target, host, status, location in (
            ("/https/a%20b/?x=1&y", b"example.org", 307, "https://example.org/https/a%20b/?x=1&y"),
            ("/https/", b"example.org:80", 307, "https://example.org/https/"),
            ("/https/x", b"example.org:8080", 307, "https://example.org:8080/https/x"),
            ("/https/x", b"[::1]:80", 307, "https://[::1]/https/x"),
            ("/https-port", b"example.org:80", 308, "https://example.org:8443/https-port")):
        with server.connect() as peer:
            peer.send(b"GET %s HTTP/1.1\r\nhost: %s\r\n\r\n" % (target.encode(), host))
            answer = peer.head()
        same((answer.status, answer.get("location")), (status, location), target)


@serves(APP, "--forwarded-allow-ips", "*")
def case_https_behind_a_proxy(server):
    answer = server.ask("/https/x", fields=[("x-forwarded-proto", "https")])
    same((answer.status, answer.body), (200, b"text\n"), "https")


@serves(APP, own=True)
def case_rate_limit(server):
    for left in (2, 1, 0):
        answer = server.ask("/limited")
        same((answer.status, answer.get("ratelimit-limit"), answer.get("ratelimit-remaining")),
             (200, "3", str(left)), "one of three")
    for _ in range(3):
        answer = server.ask("/limited")
        same((answer.status, answer.body), (429, b'{"detail":"Too Many Requests"}'), "the fourth")
        need(0 < int(answer.get("retry-after")) <= 720, "retry-after")
        same(answer.get("ratelimit-remaining"), "0", "remaining")


@serves(APP)
def case_request_ids_and_timing(server):
    answer = server.ask("/id")
    made = answer.get("x-request-id")
    need(re.fullmatch("[0-9a-f]{32}", made), made)
    same(answer.body.decode(), "%s %s" % (made, made), "what the handler sees")
    server.wait_log("request_id=%s this is in the log" % made)
    need(re.fullmatch(r"app;dur=\d+\.\d{3}", answer.get("server-timing")), "timing")
    for sent in ("abc-1._~+/=:@Z", "x" * 128):
        answer = server.ask("/id", fields=[("x-request-id", sent)])
        same((answer.get("x-request-id"), answer.body.decode()), (sent, "%s %s" % (sent, sent)), sent)
    for sent in ("", "a b", "x" * 129, 'a"b', "a,b", "\xe4"):
        answer = server.ask("/id", fields=[("x-request-id", sent)])
        need(re.fullmatch("[0-9a-f]{32}", answer.get("x-request-id")), sent)
        same(answer.body.decode().split()[1], answer.get("x-request-id"), "no other field")
    need(len({server.ask("/id").get("x-request-id") for _ in range(70)}) == 70, "different ones")


# ---- without memory


def case_memory_fails_at_each_place_in_turn(lab):
    memory = Memory(lab)
    accepts = HOST + b"accept-encoding: gzip\r\norigin: https://a.example\r\n\r\n"
    for app, then, targets in ((APP, "/bytes/1", (b"/bytes/2000", b"/sync/stream", b"/limited")),
                               (AROUND, "/text", (b"/bare/x", b"/blocking/x", b"/nowhere"))):
        server = memory.serve(lab, app, ["--timeout-linger", "0.2", "--no-access-log"])
        server.ask(then)
        for target in targets:
            torture(memory, server, target.decode(), b"GET " + target + accepts, (200, 404, 429), 1, then)
        server.signal("TERM")
        same(server.wait(), 0, "exit code")
