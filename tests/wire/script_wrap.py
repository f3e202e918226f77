"""--wrap: modules around an application, seen from outside. wrap_header numbers itself from the inside out."""
import gzip

from wire_lab import need

HEADER = "wrap_header"


def numbers(response):
    return [value for name, value in response.fields if name.lower() == "x-wrapped"]


def around(lab, *modules):
    return [part for name in modules for part in ("--wrap", lab.bench.app(name))]


def wrapped(lab, module, *modules, **more):
    return lab.serve(module, around(lab, *modules), **more)


def case_each_response_passes_through_all_from_the_inside_out(lab):
    server = wrapped(lab, "probe", HEADER, HEADER)
    for target, status in (("/hello", 200), ("/status/404", 404), ("/status/503", 503)):
        response = server.ask(target)
        need(response.status == status and numbers(response) == ["1", "2"], "%s: %s" % (target, response.fields))
    server = wrapped(lab, "echo", HEADER, HEADER)
    need(server.ask("/", "POST", body=b"x" * 300000).body == b"x" * 300000, "a large body in and out")


def case_all_kinds_of_applications_can_be_wrapped(lab):
    for module, target in (("probe_sync", "/hello"), ("hello", "/"), ("tour", "/hello/ada")):
        server = wrapped(lab, module, HEADER)
        need(numbers(server.ask(target)) == ["1"], "%s: %s" % (module, server.ask(target).fields))
        server.stop()
        need(server.exit_code == 0, "%s: exit code %d" % (module, server.exit_code))


def case_what_is_no_wrapper_is_refused(lab):
    for names, why in ((["hello"], "has no table cgw.wrap/1"), (["./nothing.so"], "./nothing.so: "),
                       ([HEADER] * 3, "two are all it has")):
        for more in ([], ["--check"]):
            server = wrapped(lab, "probe", *names, wait=False) if not more else \
                lab.serve("probe", more + around(lab, *names), wait=False)
            need(server.wait() == 3, "%s %s: exit code %d" % (names, more, server.exit_code))
            need("CGW0201" in server.log() and why in server.log(), "%s: %s" % (names, server.log()))


def case_the_modules_that_come_along(lab):
    server = wrapped(lab, "echo", "cors", "gzip", "request-id", "timing", "trusted-hosts", env={
        "CGW_CORS_ORIGINS": "https://a.example, https://b.example", "CGW_CORS_CREDENTIALS": "yes",
        "CGW_GZIP_MINIMUM": "100", "CGW_TRUSTED_HOSTS": "test,*.test"})
    body = b"a word or two " * 1000
    with server.connect() as peer:
        response = peer.ask("/", "POST", [("accept-encoding", "gzip"), ("origin", "https://b.example"),
                                          ("x-request-id", "mine-7")], body)
        need(response.get("content-encoding") == "gzip" and gzip.decompress(response.body) == body, "gzip")
        need(response.get("access-control-allow-origin") == "https://b.example", "cors: %s" % response.fields)
        need(response.get("access-control-allow-credentials") == "true", "credentials")
        need(response.get("x-request-id") == "mine-7", "request-id: %s" % response.fields)
        need((response.get("server-timing") or "").startswith("app;dur="), "timing: %s" % response.fields)
        need(peer.ask("/", "POST", body=body).body == body, "without accept-encoding as it is")
        response = peer.ask("/", "OPTIONS", [("origin", "https://c.example"), ("access-control-request-method", "GET")])
        need(response.status == 400, "a preflight of another origin: %d" % response.status)
    with server.connect() as peer:
        peer.send(b"GET / HTTP/1.1\r\nhost: else.where\r\n\r\n")
        need(peer.head().status == 400, "another host")


def case_limits_and_redirects(lab):
    server = wrapped(lab, "hello", "rate-limit", env={"CGW_RATE_LIMIT_REQUESTS": "3", "CGW_RATE_LIMIT_SECONDS": "3600"})
    found = [server.ask("/").status for _ in range(5)]
    need(found == [200, 200, 200, 429, 429], "rate limit: %s" % found)
    need("unknown environment" not in server.log(), server.log())
    server = wrapped(lab, "hello", "https-redirect", env={"CGW_HTTPS_REDIRECT_PERMANENT": "yes"})
    response = server.ask("/at?x=1")
    need(response.status == 308 and response.get("location") == "https://test/at?x=1", "%s" % response.fields)


def case_options_of_modules_are_checked(lab):
    for name, env, why in (("cors", {}, "CGW_CORS_ORIGINS is not set"), ("trusted-hosts", {}, "CGW_TRUSTED_HOSTS is not set"),
                           ("gzip", {"CGW_GZIP_LEVEL": "11"}, 'CGW_GZIP_LEVEL is "11", wanted a number from 1 to 9'),
                           ("request-id", {"CGW_REQUEST_ID_IGNORE": "perhaps"}, "wanted yes or no"),
                           ("request-id", {"CGW_REQUEST_ID_HEADER": "X Y"}, "wanted letters, digits and dashes"),
                           ("timing", {"CGW_TIMING_METRIC": ""}, "wanted letters, digits and dashes")):
        server = wrapped(lab, "hello", name, env=env, wait=False)
        need(server.wait() == 3 and why in server.log(), "%s: %s" % (name, server.log()))


def case_names_of_fields_are_as_hosts_have_them(lab):
    server = wrapped(lab, "probe", "request-id", "cors", env={"CGW_REQUEST_ID_HEADER": "X-Trace", "CGW_CORS_ORIGINS": "*",
                                                              "CGW_CORS_MAX_AGE": "0"})
    response = server.ask("/scope")
    need(b"x-trace" in response.body and response.get("x-trace").encode() in response.body, "%s" % response.body)
    response = server.ask("/", "OPTIONS", [("origin", "https://c.example"), ("access-control-request-method", "GET")])
    need(response.get("access-control-max-age") == "0", "%s" % response.fields)


def case_a_name_alone_is_an_installed_module(lab):
    server = lab.serve("hello", ["--wrap", "no-such-module"], wait=False)
    need(server.wait() == 3 and "/cgw/no-such-module.so: " in server.log(), server.log())
