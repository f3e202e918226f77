"""The example modules on the SDK do what they were written to show."""
import json
import threading
import time

from wire_lab import need, until

JSON = [("content-type", "application/json")]


def at_once(server, target, n):
    """n clients of one target; the statuses, and how long all of it took."""
    answers = [None] * n

    def one(number):
        try:
            answers[number] = server.ask(target).status
        except Exception as error:
            answers[number] = error
    threads = [threading.Thread(target=one, args=(number,)) for number in range(n)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, time.monotonic() - begin


def finish_together(lab, kind):
    """Ten waits of a second: one after the other they would take ten."""
    server = lab.serve("timers")
    answers, seconds = at_once(server, "/%s?seconds=1" % kind, 10)
    need(answers == [200] * 10, "%s: got %s" % (kind, answers))
    need(1 <= seconds < 8, "%s: ten waits of a second took %.1f" % (kind, seconds))


def case_timers_asynchronous_waits_finish_together(lab):
    finish_together(lab, "async")


def case_timers_synchronous_waits_finish_together(lab):
    finish_together(lab, "sync")


def case_timers_blocking_code_of_an_asynchronous_route_on_threads(lab):
    finish_together(lab, "mended")


def case_timers_blocking_the_loop_holds_all_up_and_is_named(lab):
    server = lab.serve("timers", ["--blocked-after", "0.1s"])
    each = 0.4 * lab.slow
    answers, seconds = at_once(server, "/wrong?seconds=%g" % each, 4)
    need(answers == [200] * 4, "got %s" % answers)
    need(seconds >= 4 * each, "four calls that hold the loop took %.2f s: they did not hold it" % seconds)
    server.wait_log(r"CGW0(192|307) .* site=(\"block [^ ]*timers\.c:\d+|[^ ]*timers\.so\+).* route=/wrong")


def post(server, target, value):
    return server.ask(target, "POST", JSON, json.dumps(value).encode())


def case_row_182_signup_two_mails_behind_the_answer(lab):
    server = lab.serve("signup")
    with server.connect() as peer:
        answer = peer.ask("/signup", "POST", JSON,
                          b'{"name":"Ada","email":"ada@example.org","newsletter":true}')
        need(answer.status == 201, "status %d %r" % (answer.status, answer.body))
        need(json.loads(answer.body) == {"name": "Ada", "message": "check your mail"},
             "body %r" % answer.body)
        wrong = peer.ask("/signup", "POST", JSON,
                         b'{"name":"","email":"nobody"}')
        need(wrong.status == 422, "status %d" % wrong.status)
        found = [(tuple(e["loc"]), e["type"]) for e in json.loads(wrong.body)["detail"]]
        need(found == [(("body", "name"), "string_too_short"),
                       (("body", "email"), "string_pattern_mismatch")], "errors %s" % found)
    server.wait_log("newsletter mail sent to ada@example.org")
    log = server.log()
    need(log.index("welcome mail sent") < log.index("newsletter mail sent"), "in the wrong order")


def case_products_are_created_read_and_listed(lab):
    server = lab.serve("products", env={"PRODUCTS_INDEX_AFTER": "0.2"})
    made = post(server, "/products", {"name": "pen", "price": 1.5, "tags": ["blue"]})
    need(made.status == 201, "status %d %r" % (made.status, made.body))
    pen = {"id": 1, "name": "pen", "price": 1.5, "tags": ["blue"]}
    need(json.loads(made.body) == pen, "body %r" % made.body)
    need(json.loads(server.ask("/products/1").body) == pen, "get")
    missing = server.ask("/products/2")
    need(missing.status == 404 and json.loads(missing.body) == {"detail": "no such product"},
         "missing: %d %r" % (missing.status, missing.body))
    for n in range(2, 8):
        need(post(server, "/products", {"name": "p%d" % n, "price": n}).status == 201, "another")
    page = json.loads(server.ask("/products?skip=2&limit=3").body)
    need([product["id"] for product in page] == [3, 4, 5], "page %s" % page)
    need(server.ask("/products?limit=0").status == 422, "a limit of 0")
    server.wait_log("product 1 is indexed")


def case_products_tasks_that_outlive_a_request_are_canceled_at_shutdown(lab):
    server = lab.serve("products", env={"PRODUCTS_INDEX_AFTER": "3600"})
    need(post(server, "/products", {"name": "pen", "price": 1}).status == 201, "create")
    server.signal("TERM")
    need(server.wait() == 0, "exit code")
    need("product 1 is not indexed: the server stops" in server.log(), "it was not canceled")


def case_products_crowd_of_creations_loses_none(lab):
    server = lab.serve("products", env={"PRODUCTS_INDEX_AFTER": "0"})
    failures = []

    def create(worker):
        with server.connect(30) as peer:
            for n in range(50):
                body = json.dumps({"name": "w%d-%d" % (worker, n), "price": 1}).encode()
                answer = peer.ask("/products", "POST", JSON, body)
                if answer.status != 201:
                    failures.append(answer.status)
    threads = [threading.Thread(target=create, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    need(not failures, "statuses %s" % failures)
    names = set()
    for skip in range(0, 400, 100):
        names |= {p["name"] for p in json.loads(server.ask("/products?skip=%d" % skip).body)}
    need(len(names) == 400, "%d products" % len(names))
    until(lambda: server.log().count("is indexed") >= 400, "not all are indexed")
