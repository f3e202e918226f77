"""The blog as its readers and writers see it: pages, errors, sessions that end, a transaction."""
import json
import os
import threading

from wire_lab import need, until

JSON = [("content-type", "application/json")]


def blog(lab):
    path = os.path.join(lab.bench.folder(), "blog.db")
    return lab.serve("blog", env={"CGW_BLOG_DB": "sqlite:" + path})


def ask(peer, method, target, value=None, who=None):
    """Status and decoded body."""
    fields = (JSON if value is not None else []) + ([("x-author", who)] if who else [])
    body = None if value is None else json.dumps(value).encode()
    response = peer.ask(target, method, fields, body)
    return response.status, json.loads(response.body) if response.body else None


def post(title, text="text"):
    return {"title": title, "text": text}


def write(peer, who, title):
    status, written = ask(peer, "POST", "/posts", post(title), who)
    need(status == 201 and not written["published"] and written["author"] == who, "write: %s" % written)
    return written["id"]


def publish(peer, who, number):
    return ask(peer, "POST", "/posts/%d/publish" % number, None, who)


def case_posts_are_written_published_changed_and_deleted(lab):
    with blog(lab).connect() as peer:
        first = write(peer, "ada", "first")
        at = "/posts/%d" % first
        need(ask(peer, "GET", at)[0] == 404, "a draft is read")
        status, shown = publish(peer, "ada", first)
        need(status == 200 and shown["published"], "publish: %s" % shown)
        need(ask(peer, "GET", at) == (200, shown), "read")
        changed = dict(shown, title="newer", text="other")
        need(ask(peer, "PUT", at, post("newer", "other"), "ada") == (200, changed), "change")
        need(ask(peer, "GET", at) == (200, changed), "read what has changed")
        need(ask(peer, "DELETE", at, None, "ada") == (204, None), "delete")
        need(ask(peer, "GET", at) == (404, {"detail": "no such post"}), "read what is gone")
        need(ask(peer, "GET", "/authors") == (200, [{"name": "ada", "published": 1}]), "authors")


def case_posts_come_page_by_page_latest_first(lab):
    with blog(lab).connect() as peer:
        for n in range(7):
            publish(peer, "ada" if n % 2 else "bob", write(peer, "ada" if n % 2 else "bob", "post %d" % n))
        write(peer, "ada", "a draft")
        seen = []
        for offset in range(0, 9, 3):
            status, page = ask(peer, "GET", "/posts?limit=3&offset=%d" % offset)
            need(status == 200 and page["total"] == 7, "page: %s" % page)
            seen += [each["title"] for each in page["posts"]]
        need(seen == ["post %d" % n for n in range(6, -1, -1)], "pages: %s" % seen)
        status, page = ask(peer, "GET", "/posts?author=ada")
        need(page["total"] == 3 and {each["author"] for each in page["posts"]} == {"ada"}, "ada: %s" % page)
        for wrong in "limit=0", "limit=101", "offset=-1", "limit=x":
            need(ask(peer, "GET", "/posts?" + wrong)[0] == 422, wrong)


def case_errors_and_sessions_that_are_ended_behind_each(lab):
    server = blog(lab)
    with server.connect() as peer:
        need(ask(peer, "POST", "/posts", post("x")) == (401, {"detail": "say who you are: x-author"}), "who")
        first = write(peer, "ada", "first")
        second = write(peer, "ada", "second")
        wanted = [("ada", "POST /posts", 201), ("ada", "POST /posts", 201)]
        for status, method, target, value, who in (
                (409, "POST", "/posts", post("first"), "ada"),
                (409, "PUT", "/posts/%d" % second, post("first"), "ada"),
                (422, "POST", "/posts", post(""), "ada"),
                (404, "PUT", "/posts/%d" % first, post("mine"), "bob"),
                (404, "DELETE", "/posts/%d" % first, None, "bob"),
                (404, "DELETE", "/posts/999", None, "ada"),
                (404, "POST", "/posts/%d/publish" % first, None, "bob"),
                (201, "POST", "/posts", post("first"), "bob")):
            got, body = ask(peer, method, target, value, who)
            need(got == status, "%s %s: %d, %s" % (method, target, got, body))
            need(status == 201 or "detail" in body, "%s %s: %s" % (method, target, body))
            wanted.append((who, "%s %s" % (method, target), status))

        def ended():
            return [(each["author"], each["request"], each.get("status"))
                    for each in ask(peer, "GET", "/sessions")[1]] == wanted
        until(ended, "the sessions are %s, not %s" % (ask(peer, "GET", "/sessions")[1], wanted))
        need(ask(peer, "PATCH", "/posts/%d" % first)[0] == 405, "PATCH")


def case_publishing_is_whole_or_not_at_all(lab):
    server = blog(lab)
    with server.connect() as peer:
        numbers = [write(peer, "ada", "post %d" % n) for n in range(11)]
        for number in numbers[:9]:
            need(publish(peer, "ada", number)[0] == 200, "publish")
        need(publish(peer, "ada", numbers[0]) == (404, {"detail": "no such draft of yours"}), "twice")

        answers = []

        def one(number):
            with server.connect() as other:
                answers.append(publish(other, "ada", number)[0])
        threads = [threading.Thread(target=one, args=(number,)) for number in numbers[9:] * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        need(answers.count(200) == 1, "the tenth is published once: %s" % answers)
        need(set(answers) <= {200, 404, 409} and 409 in answers, "the eleventh is not: %s" % answers)
        need(ask(peer, "GET", "/authors") == (200, [{"name": "ada", "published": 10}]), "the count")
        need(ask(peer, "GET", "/posts?limit=100")[1]["total"] == 10, "one is published and not counted")
