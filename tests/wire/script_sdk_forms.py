"""Forms and files of the SDK: each on a fiber, and on a pool thread."""
import json
import os
import re
import resource
import shutil
import subprocess

from script_days import HOST, Memory, torture
from wire_lab import Skip, need, serves, until

APP = "sdk_forms"
BOTH = ("", "/sync")
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"


def same(got, wanted, what):
    need(got == wanted, "%s: %r, not %r" % (what, got, wanted))


def field(name, value, *more):
    """A part by its name, or by the rest of its Content-Disposition, and other header lines."""
    name = name if '"' in name else '"%s"' % name
    head = ["Content-Disposition: form-data; name=" + name, *more]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + value + b"\r\n"


def file(name, filename, value, *more):
    return field('"%s"; filename="%s"' % (name, filename), value, *more)


def multipart(*parts, end=b"--B--\r\n"):
    return b"".join(b"--B\r\n" + part for part in parts) + end


def send(server, target, body, type=MULTIPART, fields=()):
    types = [("content-type", type)] if type else []
    return server.ask(target, "POST", types + list(fields), body)


def text(server, target, body, type=MULTIPART):
    answer = send(server, target, body, type)
    need(answer.status == 200, "%s: status %d %r" % (target, answer.status, answer.body))
    return answer.body.decode()


def detail(answer, status):
    same((answer.status, answer.get("content-type")), (status, "application/json"), str(answer.body))
    return json.loads(answer.body)["detail"]


def opened(server):
    """Files without a name that the worker has open."""
    folder = "/proc/%d/fd" % server.worker
    names = []
    for name in os.listdir(folder):
        try:
            names.append(os.readlink(os.path.join(folder, name)))
        except FileNotFoundError:
            pass
    return [name for name in names if name.endswith("(deleted)") and "memfd" not in name]


def all_closed(server):
    until(lambda: not opened(server), "files stay open: %s" % opened(server), 10 * server.bench.slow)


# ---- beside FastAPI: what 0.92 with Starlette 0.26 answers, and, where that is not what we want, ours.
# A 422 is told by the places it names.

NAME, AGE = field("name", b"Ada"), field("age", b"36")
TITLE = field("title", b"T")
TOO_MANY = multipart(*[field("x", b"1")] * 1001)
FASTAPI = [
    ("/login", URLENCODED, b"name=Ada&age=36", 200),
    ("/login", URLENCODED, b"name=Ada&age=36&tags=a&tags=b&note=", 200),
    ("/login", URLENCODED, b"name=&age=36", ["body.name"]),
    ("/login", URLENCODED, b"name=Ada&age=x", ["body.age"]),
    ("/login", URLENCODED, b"", ["body.name", "body.age"]),
    ("/login", "application/json", b'{"name":"Ada"}', ["body.name", "body.age"]),
    ("/login", None, b"name=Ada&age=36", ["body.name", "body.age"]),
    ("/login", "text/plain", b"name=Ada", ["body.name", "body.age"]),
    ("/opt", "application/json", b"{}", 200),
    ("/opt", URLENCODED, b"note=a&note=b", 200),
    ("/login", MULTIPART, multipart(NAME, AGE), 200),
    ("/login", MULTIPART, multipart(NAME, field("age", b"zz")), ["body.age"]),
    ("/login", "multipart/form-data", multipart(NAME, AGE), 400),
    ("/login", MULTIPART, multipart(b"Content-Disposition: form-data\r\n\r\nx\r\n"), 400),
    ("/login", MULTIPART, multipart(b"\r\nx\r\n"), 400),
    ("/login", MULTIPART, multipart(file("name", "a.txt", b"Ada"), AGE), ["body.name"]),
    ("/file", MULTIPART, multipart(TITLE, file("file", "a.txt", b"hello")), 200),
    ("/file", MULTIPART, multipart(TITLE), ["body.file"]),
    ("/file", MULTIPART, multipart(TITLE, field("file", b"text")), ["body.file"]),
    ("/file", URLENCODED, b"title=a&file=b", ["body.file"]),
    ("/optfile", URLENCODED, b"", 200),
    ("/files", MULTIPART, multipart(file("files", "a", b""), file("files", "b", b"x")), 200),
    ("/files", MULTIPART, multipart(field("files", b"x")), ["body.files.0"]),
    ("/login", MULTIPART, TOO_MANY, 400),
    # a body that is cut is no form: FastAPI takes what it has for all
    ("/login", MULTIPART, b"", ["body.name", "body.age"], 400),
    ("/login", MULTIPART, multipart(NAME, end=b""), ["body.name", "body.age"], 400),
    # no parts at all are a form without fields: FastAPI's parser stumbles over it
    ("/login", MULTIPART, b"--B--\r\n", 400, ["body.name", "body.age"]),
    # an input that was left empty is none: FastAPI has a file without name and bytes
    ("/file", MULTIPART, multipart(TITLE, file("file", "", b"")), 200, ["body.file"]),
    ("/files", MULTIPART, multipart(file("files", "", b"")), 200, ["body.files"]),
]


@serves(APP)
def case_row_176_forms_are_answered_as_fastapi_answers_them(server):
    for kind in BOTH:
        for target, type, body, *wanted in FASTAPI:
            answer = send(server, kind + target, body, type)
            got = answer.status
            if got == 422:
                got = [".".join(map(str, error["loc"])) for error in json.loads(answer.body)["detail"]]
            same(got, wanted[-1], "%s %s %r" % (target, type, body[:80]))
        answer = send(server, kind + "/login", b"name=Ada&age=36&tags=a&tags=b&note=", URLENCODED)
        same(json.loads(answer.body), {"name": "Ada", "age": 36, "tags": ["a", "b"]}, "values")


@serves(APP)
def case_row_176_errors_of_files_say_what_is_wrong(server):
    for kind in BOTH:
        [error] = detail(send(server, kind + "/file", multipart(TITLE, field("file", b"text"))), 422)
        same((error["type"], error["loc"], error["input"]), ("value_error", ["body", "file"], "text"), "no file")
        [error] = detail(send(server, kind + "/login", multipart(file("name", "a.txt", b"Ada"), AGE)), 422)
        same((error["type"], error["input"]),
             ("string_type", {"filename": "a.txt", "content_type": "", "size": 3}), "a file")
        for size, type in ((0, "bytes_too_short"), (3000001, "bytes_too_long")):
            body = multipart(TITLE, file("file", "x", bytes(size)))
            same(detail(send(server, kind + "/file", body), 422)[0]["type"], type, "%d bytes" % size)
        body = multipart(*[file("files", "x", b"y")] * 4)
        same(detail(send(server, kind + "/files", body), 422)[0]["type"], "too_long", "4 files")


# ---- multipart


@serves(APP)
def case_row_176_malformed_forms_are_400(server):
    for type, body, wanted in (
            ("multipart/form-data", b"--B--\r\n", "boundary"),
            ("multipart/form-data; boundary=" + "x" * 71, b"--B--\r\n", "boundary"),
            (MULTIPART, b"--B\n" + NAME, "something else"),
            (MULTIPART, multipart(field('"a', b"")), "malformed"),
            (MULTIPART, multipart(field("a", b"", "X: 1\r\n folded")), "malformed"),
            (MULTIPART, multipart(field("a", b"", "Content-Transfer-Encoding: base64")), "Encoding"),
            (MULTIPART, multipart(field("a", b"", "X: " + "y" * 20000)), "too large"),
            (MULTIPART, multipart(NAME)[:-8], "ends before"),
            (MULTIPART + "; charset=koi8-r", multipart(NAME), "charset"),
            (MULTIPART, multipart(field("a", b"", "Content-Type: text/plain; charset=koi8-r")), "charset"),
            (MULTIPART, multipart(field("_charset_", b"koi8-r"), NAME), "charset"),
            (URLENCODED, b"x" * 20000 + b"=1", "name is too long")):
        for kind in BOTH:
            need(wanted in detail(send(server, kind + "/names/a", body, type), 400), wanted)
    # a file name, or a value, cannot make lines of its own
    got = text(server, "/file", multipart(TITLE, file("file", "a%0D%0AX: 1", b"x")))
    need("name=a__X: 1 raw=a\r\nX: 1 type= size=1 headers=1" in got, got)


@serves(APP)
def case_row_176_limits_are_400(server):
    def far(n):
        return field("x", b"1" * n)
    for body, wanted in (
            (multipart(*[far(1)] * 3, *[file("f", "x", b"1")] * 2), None),
            (multipart(*[far(1)] * 4), "too many fields, more than 3"),
            (multipart(*[file("f", "x", b"1")] * 3), "too many files, more than 2"),
            (multipart(far(100)), None),
            (multipart(far(101)), "a field of more than 100 bytes"),
            (multipart(file("f", "x", b"1" * 2000)), None),
            (multipart(file("f", "x", b"1" * 2001)), "a file of more than 2000 bytes"),
            (multipart(field("x", b"1", "X: " + "y" * 200)), None),
            (multipart(field("x", b"1", "X: " + "y" * 300)), "header of a part is too large")):
        for kind in BOTH:
            answer = send(server, kind + "/limits", body)
            need(wanted in detail(answer, 400) if wanted else answer.status == 200, "%s: %r" % (wanted, answer.body))
    for kind in BOTH:
        same(send(server, kind + "/limits", multipart(file("f", "x", bytes(30000)))).status, 413, "body")


@serves(APP)
def case_row_176_charsets(server):
    for kind in BOTH:
        for parts, type in (
                ([field("a", "ä€".encode())], MULTIPART),
                ([field("a", "ä€".encode("cp1252"), "Content-Type: text/plain; charset=iso-8859-1")], MULTIPART),
                ([field("_charset_", b"windows-1252"), field("a", "ä€".encode("cp1252"))], MULTIPART),
                ([field("a", "ä€".encode("cp1252"))], MULTIPART + "; charset=latin1")):
            need(text(server, kind + "/names/a", multipart(*parts), type).startswith("first=ä€ "), "charset")
        same(text(server, kind + "/names/a", multipart(field("a", b"x\xff\0y"))),
             "first=x��y file=(none)|x��y", "neither UTF-8 nor C")


@serves(APP)
def case_row_176_duplicate_fields_in_order(server):
    body = multipart(field("a", b"1"), file("a", "x.txt", b"f"), field("b", b"no"), field("a", b"2"),
                     file("a", "C:\\dir\\y.txt", b"g"), field("a", b""))
    for kind in BOTH:
        same(text(server, kind + "/names/a", body), "first=1 file=x.txt|1|2||@x.txt|@y.txt", "in order")
        same(text(server, kind + "/names/c", body), "first=(none) file=(none)", "none")
        same(text(server, kind + "/names/a", b"x", "text/plain"), "first=(none) file=(none)", "no form")
        same(text(server, kind + "/opt", b"note=1&note=2", URLENCODED), '{"note":"2"}', "the last")


@serves(APP)
def case_row_176_part_by_part(server):
    body = b"preamble\r\n" + multipart(
        field("a", b"1\r\n--"), file("f", "x", bytes(100000), "Content-Type: a/b"), field("skip", b"x" * 9000),
        field("b", b"")) + b"epilogue"
    for kind in BOTH:
        same(text(server, kind + "/parts", body), "a=5(,) @f=100000(a/b,x) skip=0(,) b=0(,) ", "parts")
        same(text(server, kind + "/parts", b"a=1&skip&b=%41%42", URLENCODED), "a=1(,) skip=0(,) b=2(,) ", "fields")
        same(detail(send(server, kind + "/parts", b"{}", "application/json"), 415)[:11], "Unsupported", "415")
        chosen = multipart(file("text", "t", b"x" * 50), file("f", "../..", b"y" * 500))
        same(text(server, kind + "/choice", chosen), "text=%s file=" % ("x" * 50), "choice")
        need("more than 50" in detail(send(server, kind + "/choice", multipart(file("text", "t", b"x" * 51))), 400),
             "a text has a limit")
        cut = multipart(*[field("a", b"1")] * 5)[:-9]
        need("ends before" in detail(send(server, kind + "/parts", cut), 400), "cut")


# ---- urlencoded


@serves(APP)
def case_row_177_urlencoded(server):
    for kind in BOTH:
        for body, wanted in (
                (b"a=%F0%9F%98%80+%2B%26", "first=😀 +& file=(none)|😀 +&"),
                (b"a=%zz%&a=%4&=x&a", "first=%zz% file=(none)|%zz%|%4|"),
                (b"a=%ff\xc3\xa4%00", "first=�ä� file=(none)|�ä�"),
                (b"&&b=1&%61=2&", "first=2 file=(none)|2"),
                (b"", "first=(none) file=(none)")):
            same(text(server, kind + "/names/a", body, URLENCODED + "; charset=UTF-8"), wanted, str(body))


@serves(APP)
def case_row_177_limits_inside_one_chunk(server):
    for kind in BOTH:
        for body, wanted in ((b"a=1&b=2&c=3", None), (b"a=1&b=2&c=3&d", "too many fields"),
                             (b"a=" + b"x" * 100, None), (b"a=1&b=" + b"%41" * 100 + b"&c=2", None),
                             (b"a=1&b=" + b"x" * 101 + b"&c=2", "more than 100 bytes"),
                             (b"x" * 310 + b"=1", "name is too long")):
            answer = send(server, kind + "/limits", body, URLENCODED)
            need(wanted in detail(answer, 400) if wanted else answer.status == 200, "%r: %r" % (body, answer.body))
        body = b"&".join(b"f%d=1" % i for i in range(1001))
        need("more than 1000" in detail(send(server, kind + "/names/a", body, URLENCODED), 400), "1001 fields")


# ---- files


@serves(APP)
def case_row_176_bytes_are_what_was_sent(server):
    for size in 0, 1, 999, 1000, 1001, 65536, 300000, 2000000:
        data = bytes(range(256)) * (size // 256 + 1)
        data = data[:size]
        for kind in BOTH:
            got = send(server, kind + "/echo", multipart(file("file", "x", data))).body
            need(got == data, "%d bytes came back as %d" % (size, len(got)))
    got = send(server, "/range", multipart(file("file", "x", b"0123456789" * 501))).body
    same(got, b"0123456789", "from 5000 on")
    all_closed(server)


@serves(APP)
def case_files_are_saved(server):
    folder = server.bench.folder()
    for size in 100, 300000:
        data = os.urandom(size)
        for kind in BOTH:
            path = os.path.join(folder, "saved%d%s" % (size, kind.replace("/", "-")))
            body = multipart(file("file", "x", data))
            same(text(server, kind + "/save?path=" + path, multipart(file("file", "x", b"12345678" * 200))),
                 "12345678", "a descriptor")
            same(send(server, kind + "/save?path=" + path, body).body, data[:8], "a descriptor")
            for name, mode in ((path, 0o666), (path + ".2", 0o600)):
                with open(name, "rb") as saved:
                    need(saved.read() == data, "another file in " + name)
                same(os.stat(name).st_mode & 0o777 & ~mode, 0, "mode")
                same(os.stat(name).st_nlink, 1, "names")
            same(send(server, kind + "/save?keep=1&path=" + path, body).status, 409, "it is there")
            same(send(server, kind + "/save?path=/no/such/folder/x", body).status, 404, "nowhere")
    same(len(os.listdir(folder)), 8, "files left behind: %s" % os.listdir(folder))


@serves(APP)
def case_tasks_use_a_form_at_the_same_time(server):
    data = os.urandom(300000)
    for kind in BOTH:
        for _ in range(5):
            folder = server.bench.folder()
            same(text(server, kind + "/at-once?folder=" + folder, multipart(file("file", "x", data))), "saved", "status")
            paths = [os.path.join(folder, name) for name in os.listdir(folder)]
            same(sorted(map(os.path.basename, paths)), ["0", "1", "2", "3"], "names")
            same(len({os.stat(path).st_ino for path in paths}), 4, "two names of one file")
            for path in paths:
                with open(path, "rb") as saved:
                    need(saved.read() == data, "another file in " + path)
            same(text(server, kind + "/readers", multipart(*[field("a", b"1")] * 50)), "50", "readers")
    all_closed(server)


@serves(APP, own=True)
def case_no_more_descriptors_is_503(server):
    body = multipart(file("file", "x", bytes(5000)))
    for kind in BOTH:
        with server.connect() as peer:
            send_by = lambda: peer.ask(kind + "/echo", "POST", [("content-type", MULTIPART)], body)
            same(send_by().status, 200, "status")
            soft, hard = resource.prlimit(server.worker, resource.RLIMIT_NOFILE)
            resource.prlimit(server.worker, resource.RLIMIT_NOFILE, (1, hard))
            same(detail(send_by(), 503), "Service Unavailable", "no descriptor")
            resource.prlimit(server.worker, resource.RLIMIT_NOFILE, (soft, hard))
            same(send_by().status, 200, "status")


@serves(APP)
def case_files_are_there_behind_the_reply(server):
    for kind in BOTH:
        same(send(server, kind + "/behind", multipart(file("file", "x", bytes(70000)))).status, 202, "status")
    until(lambda: len(re.findall("behind the reply: 70000 bytes, sum 0", server.log())) == 2, "no line",
          10 * server.bench.slow)
    all_closed(server)


@serves(APP)
def case_row_176_files_are_closed_on_every_path(server):
    body = multipart(file("file", "x", bytes(300000)))
    head = b"content-type: " + MULTIPART.encode() + b"\r\ncontent-length: %d\r\n\r\n" % (2 * len(body))
    for kind in BOTH:
        same(send(server, kind + "/slow", body).status, 504, "timeout")
        same(send(server, kind + "/names/a", body[:-9]).status, 400, "cut")
        same(send(server, kind + "/login", body).status, 422, "no such field")
        for target in "/echo", "/parts", "/names/a":
            with server.connect() as peer:
                peer.send(b"POST " + (kind + target).encode() + HOST + head + body)
                if target == "/echo":
                    until(lambda: opened(server), "nothing on disk", 10 * server.bench.slow)
    all_closed(server)
    need("cannot be kept" not in server.log(), "a client that leaves is no error")


def case_row_176_no_folder_for_files_is_500_and_named(lab):
    server = lab.serve(APP, [], {"TMPDIR": "/no/such/folder"})
    for kind in BOTH:
        same(detail(send(server, kind + "/echo", multipart(file("file", "x", bytes(5000)))), 500),
             "Internal Server Error", "no folder")
        same(text(server, kind + "/echo", multipart(file("file", "x", b"y" * 900))), "y" * 900, "in memory")
    same(len(re.findall("cannot be kept in /no/such/folder: No such file", server.log())), 2, "lines")
    same(opened(server), [], "open files")


def case_row_176_every_allocation_fails_in_turn(lab):
    memory = Memory(lab)
    server = memory.serve(lab, APP, ["--timeout-linger", "0.2"])
    multi = multipart(field("title", b"T"), file("file", "x", b"y" * 5000, "Content-Type: a/b"))
    for kind in BOTH:
        for target, type, body in (("/login", URLENCODED, b"name=Ada&age=36&tags=%41&tags=b"),
                                   ("/file", MULTIPART, multi), ("/echo", MULTIPART, multi),
                                   ("/parts", MULTIPART, multi)):
            data = b"POST " + (kind + target).encode() + HOST + b"content-type: %s\r\ncontent-length: %d\r\n\r\n" % (
                type.encode(), len(body)) + body
            torture(memory, server, kind + target, data, (200,), 1, "/hello")
    all_closed(server)


# ---- real peers, and a large body


@serves(APP)
def case_curl_sends_files(server):
    if not shutil.which("curl"):
        raise Skip("curl is not installed")
    folder = server.bench.folder()
    paths = [os.path.join(folder, name) for name in ("one.txt", 'two "2";.csv')]
    for number, path in enumerate(paths):
        with open(path, "wb") as out:
            out.write(b"x" * (10 + number))
    url = "http://127.0.0.1:%d/files" % server.port
    words = [word for path in paths for word in ("-F", 'files=@"%s"' % path.replace('"', '\\"'))]
    got = subprocess.run(["curl", "-s", url, *words], stdout=subprocess.PIPE, check=True).stdout
    same(got, b'one.txt:10 two "2";.csv:11', "curl")


@serves(APP, "--limit-body", "100m")
def case_large_files_in_flat_memory(server):
    send(server, "/parts", multipart(file("f", "x", bytes(2 << 20))))
    before, size = server.rss_kib(), 48 << 20
    body = multipart(file("f", "x", bytes(size)))
    got = text(server, "/parts", body)
    need("@f=%d" % size in got, got)
    grown = server.rss_kib() - before
    need(server.bench.sanitized or grown < 8 << 10, "48 MiB took %d KiB of memory" % grown)


# ---- the example


def case_upload_counts_files_and_tells_of_it(lab):
    server = lab.serve("upload")
    rows = b"".join(b'"a, ""%d""",%d\n' % (i, i) for i in range(20000))
    body = multipart(field("column", b"price"), file("files", "a.csv", b"name,price\n" + rows),
                     file("files", "b.csv", b"price\r\n1.5\r\n\r\n2.5"))
    answer = send(server, "/jobs", body)
    same(answer.status, 202, "status")
    job = json.loads(answer.body)
    same((job["id"], job["done"], [each["file"] for each in job["files"]]), (1, False, ["a.csv", "b.csv"]), "job")
    events = re.findall(r"event: (\w+)\ndata: (.*)\n", server.ask("/jobs/1/events").body.decode())
    same((events[-1][0], {name for name, _ in events[:-1]} - {"progress"}), ("done", set()), "events")
    done = json.loads(events[-1][1])
    same([(each["rows"], each["sum"], each["read"] == each["bytes"]) for each in done["files"]],
         [(20000, 199990000.0, True), (2, 4.0, True)], "counts")
    send(server, "/jobs", multipart(file("files", "c.csv", b"other\n1\n")))
    need('"error":"not found"' in server.ask("/jobs/2/events").body.decode(), "no such column")
    same(server.ask("/jobs/3/events").status, 404, "no such job")
    same(detail(send(server, "/jobs", multipart(field("column", b"x"))), 422)[0]["loc"], ["body", "files"], "no files")
    all_closed(server)
