"""Who asks: schemes of authentication with curl, a login, and sessions in cookie jars."""
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.parse

from wire_lab import Skip, need, serves

APP = "sdk_auth"
SECRET = "a-key-for-the-tests-that-nobody-guesses"
FORM = [("content-type", "application/x-www-form-urlencoded")]


def same(got, wanted, what):
    need(got == wanted, "%s: %r, not %r" % (what, got, wanted))


def curl(server, *words):
    """Status and body of what curl asks for; the last word is the target."""
    if not shutil.which("curl"):
        raise Skip("no curl here")
    argv = ["curl", "-sS", "--max-time", "60", "-w", "\n%{http_code}", *words[:-1],
            "http://127.0.0.1:%d%s" % (server.port, words[-1])]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    need(ended.returncode == 0, "%s: %d %s" % (argv, ended.returncode, ended.stderr))
    body, _, status = ended.stdout.rpartition("\n")
    return int(status), body


def refused(answer, status, challenge, detail):
    same((answer.status, answer.get("www-authenticate")), (status, challenge), "challenge")
    same(json.loads(answer.body), {"detail": detail}, "detail")


# ---- schemes


@serves(APP)
def case_basic_with_curl(server):
    same(curl(server, "-u", "ada:let:me in", "/staff"), (200, "ada"), "-u")
    same(curl(server, "-u", "ada:wrong", "/staff"), (401, '{"detail":"Incorrect username or password"}'), "wrong")
    same(curl(server, "--anyauth", "-u", "ada:let:me in", "/staff"), (200, "ada"), "what the challenge says")
    refused(server.ask("/staff"), 401, 'Basic realm="staff only", charset="UTF-8"', "Not authenticated")


@serves(APP)
def case_bearer_and_keys_with_curl(server):
    same(curl(server, "--oauth2-bearer", "abc.def", "/api"), (200, "abc.def"), "bearer")
    refused(server.ask("/api"), 401, "Bearer", "Not authenticated")
    same(curl(server, "-H", "X-Key: k1", "/header"), (200, "k1"), "a key in a field")
    same(curl(server, "/query?key=k%2B2"), (200, "k+2"), "a key in the query")
    same(curl(server, "-b", "a=b; key=k3", "/cookie"), (200, "k3"), "a key in a cookie")
    for target in ("/header", "/query", "/cookie"):
        refused(server.ask(target), 401, "APIKey", "Not authenticated")


@serves(APP)
def case_credentials_twice_are_none(server):
    twice = [("authorization", "Bearer a"), ("Authorization", "Bearer a")]
    answer = server.ask("/api", fields=twice)
    refused(answer, 401, 'Bearer error="invalid_token"', "Invalid authentication credentials")


@serves(APP)
def case_oauth2_from_the_form_to_a_scope(server):
    status, body = curl(server, "-d", "grant_type=password", "-d", "username=ada", "-d", "password=secret",
                        "--data-urlencode", "scope=items:read other", "/token")
    need(status == 200, "%d %s" % (status, body))
    token = json.loads(body)
    same(token, {"access_token": "items:read+other", "token_type": "bearer", "scope": "items:read other"}, "token")
    read = token["access_token"]
    same(curl(server, "--oauth2-bearer", read, "/items"), (200, "items"), "reading")
    same(curl(server, "--oauth2-bearer", read, "-X", "POST", "/items")[0], 403, "writing")
    same(curl(server, "--oauth2-bearer", read + "+items:write", "-X", "POST", "/items"), (201, "made"), "both")
    answer = server.ask("/items", method="POST", fields=[("authorization", "Bearer " + read)])
    refused(answer, 403, 'Bearer error="insufficient_scope", scope="items:read items:write"',
            "Not enough permissions")
    refused(server.ask("/items"), 401, 'Bearer scope="items:read"', "Not authenticated")


@serves(APP)
def case_oauth2_what_the_form_refuses(server):
    wrong = server.ask("/token", method="POST", fields=FORM, body=b"username=ada&password=no")
    refused(wrong, 401, "Bearer", "Incorrect username or password")
    right = server.ask("/token", method="POST", fields=FORM, body=b"username=ada&password=secret")
    same((right.status, right.get("cache-control")), (200, "no-store"), "kept by nobody")
    same(json.loads(right.body), {"access_token": "none", "token_type": "bearer"}, "no scope")
    bad = server.ask("/token", method="POST", fields=FORM, body=b"grant_type=code&username=ada")
    errors = {error["loc"][-1]: error["type"] for error in json.loads(bad.body)["detail"]}
    same((bad.status, errors), (422, {"grant_type": "string_pattern_mismatch", "password": "missing"}), "422")
    need(b"secret" not in bad.body, "a password comes back")


# ---- sessions


def serve_with(lab, secret):
    return lab.serve("sdk_session", env={"SDK_SESSION_SECRET": secret})


def sessions(function):
    """A server with a key; none is built without libsodium."""
    def case(lab):
        if not os.path.exists(os.path.join(lab.bench.apps[0], "sdk_session.so")):
            raise Skip("built without libsodium")
        function(lab, serve_with(lab, SECRET))
    case.__name__ = function.__name__
    return case


class Jar:
    """A browser's cookies, as far as these tests go."""

    def __init__(self, server, value=None):
        self.server, self.value, self.last = server, value, None

    def ask(self, target, **more):
        fields = [("cookie", "session=" + self.value)] if self.value is not None else []
        answer = self.server.ask(target, fields=fields + more.pop("fields", []), **more)
        self.last = answer.get("set-cookie")
        if self.last:
            first, *attributes = self.last.split("; ")
            self.value = None if "Max-Age=0" in attributes else first.partition("=")[2]
        return answer

    def login(self, password="secret", target="/login", user="ada"):
        body = urllib.parse.urlencode({"user": user, "password": password}).encode()
        return self.ask(target, method="POST", fields=FORM, body=body)


@sessions
def case_row_175_a_session_from_login_to_logout(_, server):
    for target in ("/login", "/sync/login"):
        jar = Jar(server)
        same(jar.ask("/me").status, 401, "a stranger")
        same((jar.login("wrong", target).status, jar.value), (401, None), "a wrong password")
        same((jar.login("secret", target, "eve").status, jar.value), (401, None), "no such user")
        same(jar.login("secret", target).status, 303, "the right one")
        need(jar.last.endswith("; Path=/; Max-Age=1209600; SameSite=lax; HttpOnly"), jar.last)
        answer = jar.ask("/me")
        same((answer.status, answer.body, answer.get("vary")), (200, b"ada", "cookie"), "known")
        same(jar.last, None, "unchanged, but a cookie")
        need("vary" not in dict(jar.ask("/ping").fields), "nobody has looked")
        same(jar.ask("/logout", method="POST").status, 303, "out")
        need("Max-Age=0; Expires=Thu, 01 Jan 1970" in jar.last, jar.last)
        same(jar.ask("/me").status, 401, "a stranger again")
    # what changes, streams and curl's own jar
    jar = Jar(server)
    for n in (b"1", b"2", b"3"):
        same(jar.ask("/count").body, n, "count")
    same(jar.ask("/stream").body, b"data: one\n\n", "stream")
    same(jar.ask("/me").body, b"streamed", "the head of a stream carries it")
    cookies = os.path.join(server.scratch, "cookies")
    for n in ("1", "2"):
        same(curl(server, "-c", cookies, "-b", cookies, "/count"), (200, n), "curl counts")
    same(curl(server, "-L", "-c", cookies, "-b", cookies, "-d", "user=ada&password=secret", "/login"),
         (200, "ada"), "curl logs in")


@sessions
def case_row_175_a_tampered_cookie_is_an_empty_session(lab, server):
    jar = Jar(server)
    jar.login()
    good = jar.value
    with server.connect() as peer:
        def status(value):
            answer = peer.ask("/me", fields=[("cookie", "session=" + value)])
            need(answer.get("set-cookie") is None, "a cookie for a bad one")
            return answer.status
        same(status(good), 200, "as it was")
        for at, char in enumerate(good):
            same(status(good[:at] + ("x" if char != "x" else "y") + good[at + 1:]), 401, "byte %d" % at)
        for bad in ("", ".", "..", "a.b.c", good[:-1], good + "A", "{}", good.replace(".", "", 1)):
            same(status(bad), 401, bad)
    # another key: nothing of the old one holds; both: the old one still does
    again = Jar(serve_with(lab, "another-key-for-the-tests-that-is-as-long"), good)
    same(again.ask("/me").status, 401, "another key")
    again = Jar(serve_with(lab, "another-key-for-the-tests-that-is-as-long," + SECRET), good)
    same(again.ask("/me").status, 200, "rotated")


@sessions
def case_many_logins_at_once_leave_the_loop_free(_, server):
    done = []

    def login(target):
        done.append(Jar(server).login(target=target).status)
    threads = [threading.Thread(target=login, args=(target,)) for target in ("/login", "/sync/login") * 8]
    for thread in threads:
        thread.start()
    begin = time.monotonic()
    same(server.ask("/ping").body, b"pong", "ping")
    need(time.monotonic() - begin < 5 * server.bench.slow, "the loop was held")
    for thread in threads:
        thread.join()
    same(done, [303] * 16, "logins")


def case_a_worker_without_its_key_does_not_start(lab):
    if not os.path.exists(os.path.join(lab.bench.apps[0], "sdk_session.so")):
        raise Skip("built without libsodium")
    server = lab.serve("sdk_session", wait=False)
    need(server.wait(15 * lab.slow) != 0, "it started")
    need("SDK_SESSION_SECRET is not set" in server.log(), server.log())
