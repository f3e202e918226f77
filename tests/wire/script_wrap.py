"""--wrap: modules around an application, seen from outside. wrap_header numbers itself from the inside out."""
from wire_lab import need, serves

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
