"""Hostile clients of careless handlers: what text may do, what much may cost, what faults become."""
import json
import re

from script_days import HOST
from script_sdk_replies import JSON, errors, logged, same, text
from wire_lab import need, serves

APP = "sdk_hostile"
SPLIT = "a%0d%0ax-evil:%201"


def is_whole(answer):
    """No field of the client's making."""
    same(answer.get("x-evil"), None, "a field")


@serves(APP)
def case_row_179_one_model_from_everywhere(server):
    def ask(path, query, header, cookie, body):
        return server.ask("/everywhere/%s?a=%s" % (path, query), method="POST", body=b'{"a":%s}' % body,
                          fields=JSON + [("a", header), ("cookie", "a=" + cookie)])
    same(ask("1", "2", "3", "4", b"5").body, b"query 2 path 1 header 3 cookie 4 body 5\n", "bound")
    got = errors(ask("v", "w", "x", "y", b'"z"'))
    same(list(got), ["path.a", "query.a", "header.a", "cookie.a", "body.a"], "all at once")
    answer = server.ask("/elsewhere", method="POST", fields=JSON + [("a", "7")], body=b'{"a":5}')
    same(answer.body, b"5 0\n", "another place is none")
    logged(server, r"elsewhere\(\) asks for a Number, which its route does not bind", 1)


@serves(APP)
def case_text_of_the_client_is_nothing_but_text(server):
    same(text(server, "/echo?v=a%00b&v=&v"), "a\ufffdb 3".encode().decode("latin-1"), "NUL")
    same(text(server, "/echo?v=%ff%41%c3%a4%"), "\ufffdA\u00e4% 1".encode().decode("latin-1"), "no UTF-8")
    same(text(server, "/echo?v=a+b%2Bc;d=e=f"), "a b+c;d=e=f 1", "signs")
    answer = server.ask("/location?v=" + SPLIT)
    same((answer.status, answer.get("location")), (303, "a%0D%0Ax-evil:%201"), "location")
    for target in "/type", "/type-lent", "/type-stream":
        same(server.ask(target + "?v=text/x").get("content-type"), "text/x", "type")
        answer = server.ask(target + "?v=" + SPLIT)
        same((answer.status, answer.get("content-type")), (500, "application/json"), target)
        is_whole(answer)
    for target, body in ("/field", b"-1\n"), ("/name", b"-1\n"), ("/cookie", b"-1 -1 -1\n"):
        answer = server.ask(target + "?v=" + SPLIT)
        same((answer.status, answer.body, answer.get("x-v"), answer.get("set-cookie")),
             (200, body, None, None), target)
        is_whole(answer)
    same(json.loads(server.ask("/detail?v=" + SPLIT).body), {"detail": "a\r\nx-evil: 1"}, "detail")
    same(text(server, "/event?v=a%0a%0adata:b"), ": a\n: \n: data:b\ndata: a\ndata: \ndata: data:b", "event")
    same(server.ask("/log?v=" + SPLIT).status, 204, "log")
    logged(server, r"said: a\S+x-evil", 1)
    need(not re.search(r"^x-evil", server.log(), re.M), "the log was split")


@serves(APP)
def case_faults_of_the_program_are_no_crash(server):
    for target in "/null/json", "/null/list", "/null/text", "/null/location":
        same(server.ask(target).status, 500, target)
    same(text(server, "/null/field"), "-1 -1", "NULL for a value")
    same(text(server, "/wrong-state"), "none", "state of another type")
    logged(server, r"cgw_state\(\): the type has 100 bytes", 1)
    for how, status, location in (("fail", 403, None), ("text", 200, None), ("redirect", 307, "/third"),
                                  ("it stays", 303, "/elsewhere")):
        answer = server.ask("/replaced/" + how.replace(" ", "%20"))
        same((answer.status, answer.get("location")), (status, location), "replaced by " + how)
    for status in "0", "42", "199", "1000", "-7":
        answer = server.ask("/failed/" + status)
        same((answer.status, answer.get("x-cause"), json.loads(answer.body)),
             (500, "500", {"detail": "failed"}), "status " + status)


@serves(APP)
def case_much_is_answered(server):
    names = ["n%x" % i for i in range(2000)]
    pairs = "&".join(names + names)[:15000]
    same(len(errors(server.ask("/strict?" + pairs))), 100, "unknown names")
    cookies = [("cookie", ";".join("%s=%d" % (name, i) for i, name in enumerate(names[at:at + 900])))
               for at in (0, 900)]
    same(errors(server.ask("/never?" + pairs, fields=cookies)),
         {"query": "value_error", "cookie": "value_error"}, "whole")
    same(len(server.ask("/echo?" + "v&" * 8000).body), len("8000\n") + 1, "many of a name")
    answer = server.ask("/list")
    same((len(json.loads(answer.body)), answer.get("content-length")), (300000, str(len(answer.body))), "list")


@serves(APP)
def case_row_181_handlers_of_errors_in_sub_applications(server):
    same(server.ask("/shop/items/7").body, b"shop: \n", "in")
    same(server.ask("/shop/desk/items/404").body, b"desk by status: desk\n", "within")
    same(server.ask("/shop/desk/items/403").body, b"shop: desk\n", "around")
    same(server.ask("/bare/items/7").body, b"by code, at /bare/items/{_id} in /bare\n", "the application's")
    same(server.ask("/shop/nothing").body, b"by status\n", "no route")


@serves(APP, own=True)
def case_memory_stays_where_it_is(server):
    requests = (b"GET /strict?" + b"x&" * 200 + HOST + b"\r\n" + b"GET /echo?v=%ff%00" + HOST + b"\r\n" +
                b"GET /null/json" + HOST + b"\r\n" + b"GET /event?v=1" + HOST + b"\r\n" +
                b"POST /elsewhere" + HOST + b"content-type: application/json\r\ncontent-length: 9\r\n\r\n"
                b'{"a":"x"}')

    def mixed(n):
        with server.connect() as peer:
            for _ in range(n):
                peer.send(requests)
                for status in 422, 200, 500, 200, 422:
                    same(peer.head().status, status, "status")
                    peer.body()
    mixed(100)
    before = server.rss_kib()
    mixed(600)
    most = 2048 if server.bench.slow == 1 else 1 << 20  # a sanitizer keeps what was freed
    need(server.rss_kib() - before < most, "grew by %d KiB" % (server.rss_kib() - before))
