"""Files of the SDK: as replies by each way bytes go out, as directories, read and written."""
import gzip
import http.client
import os
import re
import resource
import select
import stat
import zlib

from script_days import HOST, Memory, torture
from script_world import curl
from wire_lab import need, until

APP = "sdk_files"
BIG = bytes(range(256)) * 4096  # 1 MiB
WAYS = ("/file", "/pieces", "/sync")
OLD = 1000000000  # a date that is strong


def same(got, wanted, what):
    need(got == wanted, "%s: %r, not %r" % (what, got, wanted))


def public(lab):
    """The folder that is served, with something of each kind in it."""
    root = os.path.join(lab.bench.folder(), "public")
    os.makedirs(root + "/css/deep")
    os.makedirs(root + "/.git")
    script = b"let a = 1;\n" * 100
    for name, content in (("a.txt", b"hello\n"), ("n.txt", b"0123456789"), ("big.bin", BIG), ("empty", b""),
                          (".secret", b"s"), (".git/config", b"s"), ("index.html", b"<p>index"),
                          ("css/index.html", b"<p>css"), ("css/a b.css", b"p{}"), ("404.html", b"<p>none"),
                          ("app.js", script), ("app.js.gz", gzip.compress(script)), ("app.js.br", b"as br"),
                          ("one.js", script), ("one.js.gz", gzip.compress(script)), ("only.js.gz", b"x"),
                          ("../outside", b"secret"), ("\u00e9 \"x\".txt", b"name")):
        with open(os.path.join(root, name), "wb") as file:
            file.write(content)
        os.utime(os.path.join(root, name), (OLD, OLD))
    os.mkdir(root + "/app.css")
    os.mkdir(root + "/dir.js.gz")
    os.symlink("../outside", root + "/out")
    os.symlink("..", root + "/up")
    os.symlink(".secret", root + "/shown")
    os.symlink("a.txt", root + "/link.txt")
    os.symlink("/etc/passwd", root + "/passwd")
    os.mkfifo(root + "/fifo")
    return root


def start(lab, *options, **more):
    root = public(lab)
    return lab.serve(APP, options, env={"CGW_TEST_PUBLIC": root}, **more), root


def parts(answer):
    """What a multipart/byteranges has: [(content-range, bytes)]; every byte of it is looked at."""
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\w+)", answer.get("content-type"))
    need(boundary, "type %s" % answer.get("content-type"))
    same(answer.get("content-length"), str(len(answer.body)), "length")
    mark = boundary[1].encode()
    body, found = answer.body, []
    while not body.startswith(b"--" + mark + b"--\r\n"):
        head = re.match(rb"--" + mark + rb"\r\ncontent-type: text/plain; charset=utf-8\r\n"
                        rb"content-range: (bytes (\d+)-(\d+)/10)\r\n\r\n", body)
        need(head, "no part: %r" % body)
        length = int(head[3]) - int(head[2]) + 1
        body = body[head.end():]
        found.append((head[1].decode(), body[:length]))
        same(body[length:length + 4], b"\r\n--", "the end of a part")
        body = body[length + 2:]
    same(body, b"--" + mark + b"--\r\n", "the end")
    return found


def case_row_171_one_range(lab):
    server, _ = start(lab)
    with server.connect() as peer:
        for way in WAYS:
            for given, wanted, content in (
                    ("bytes=0-0", b"0", "0-0"), ("bytes=2-4", b"234", "2-4"), ("bytes=7-", b"789", "7-9"),
                    ("bytes=-3", b"789", "7-9"), ("bytes=-30", b"0123456789", "0-9"), ("bytes=8-99", b"89", "8-9"),
                    ("bytes=0-9", b"0123456789", "0-9"), ("bytes=20-, 1-2", b"12", "1-2"),
                    ("bytes=0-3,2-5,6-6", b"0123456", "0-6"), ("BYTES=1-1", b"1", "1-1")):
                answer = peer.ask(way + "/n.txt", fields=[("range", given)])
                same((answer.status, answer.body), (206, wanted), way + given)
                same(answer.get("content-range"), "bytes %s/10" % content, way + given)
                same(answer.get("content-length"), str(len(wanted)), way + given)
                same(answer.get("content-type"), "text/plain; charset=utf-8", way + given)
            for given in "bytes=10-", "bytes=11-12", "bytes=-0", "bytes=20-,30-40":
                answer = peer.ask(way + "/n.txt", fields=[("range", given)])
                same((answer.status, answer.get("content-range"), answer.get("etag")), (416, "bytes */10", None),
                     way + given)
            for given in "lines=0-1", "bytes", "bytes=", "bytes=x", "bytes=4-2", "bytes=0-1;2-3", "0-1", "bytes=1--2":
                answer = peer.ask(way + "/n.txt", fields=[("range", given)])
                same((answer.status, answer.get("content-range")), (400, None), way + given)
            answer = peer.ask(way + "/n.txt", "HEAD", [("range", "bytes=0-0")])
            same((answer.status, answer.get("content-length")), (200, "10"), way + " HEAD")
            answer = peer.ask(way + "/empty", fields=[("range", "bytes=0-")])
            same((answer.status, answer.body, answer.get("content-length")), (200, b"", "0"), way + " of nothing")
            answer = peer.ask(way + "/big.bin", fields=[("range", "bytes=1000-900999")])
            same((answer.status, answer.body == BIG[1000:901000]), (206, True), way + " a large one")
            same(peer.ask(way + "/big.bin").body == BIG, True, way + " all")
        answer = peer.ask("/posted", "POST", [("range", "bytes=0-0")], b"")
        same((answer.status, answer.body, answer.get("accept-ranges")), (200, b"hello\n", None), "POST")
    same(server.log().count("a file came"), 0, "files that a layer saw")


def case_row_171_several_ranges(lab):
    server, _ = start(lab)
    with server.connect() as peer:
        for way in WAYS:
            for given, wanted in (("bytes=0-1,3-4", [("0-1", b"01"), ("3-4", b"34")]),
                                  ("bytes=8-, 0-0 ,3-3", [("8-9", b"89"), ("0-0", b"0"), ("3-3", b"3")]),
                                  ("bytes=0-2,-2,1-3,50-", [("0-3", b"0123"), ("8-9", b"89")])):
                answer = peer.ask(way + "/n.txt", fields=[("range", given)])
                same((answer.status, answer.get("content-range")), (206, None), way + given)
                same(parts(answer), [("bytes %s/10" % r, data) for r, data in wanted], way + given)
            hundred = ",".join("%d-%d" % (i, i) for i in range(0, 20000, 200))
            answer = peer.ask(way + "/big.bin", fields=[("range", "bytes=" + hundred)])
            same((answer.status, answer.body.count(b"content-range: ")), (206, 100), way + " a hundred")
            answer = peer.ask(way + "/big.bin", fields=[("range", "bytes=" + hundred + ",-1")])
            same((answer.status, answer.body == BIG), (200, True), way + " more than a hundred")
            answer = peer.ask(way + "/n.txt", fields=[("range", "bytes=" + "0-,-5," * 50)])
            same((answer.status, answer.body), (206, b"0123456789"), way + " the same a hundred times")


def case_row_171_172_conditions(lab):
    server, root = start(lab)
    date = "Sun, 09 Sep 2001 01:46:40 GMT"
    with server.connect() as peer:
        tag = peer.ask("/file/n.txt").get("etag")
        need(re.fullmatch(r'"[0-9a-f]+-a"', tag), tag)
        for way in WAYS + ("/assets",):
            answer = peer.ask(way + "/n.txt")
            same((answer.get("etag"), answer.get("last-modified")), (tag, date), way)
            for fields, status in (
                    ([("if-none-match", tag)], 304), ([("if-none-match", '"a", W/%s' % tag)], 304),
                    ([("if-none-match", "*")], 304), ([("if-none-match", '"a"'), ("if-modified-since", date)], 200),
                    ([("if-modified-since", date)], 304),
                    ([("if-modified-since", "Sunday, 09-Sep-01 01:46:40 GMT")], 304),
                    ([("if-modified-since", "Sun, 09 Sep 2001 01:46:39 GMT")], 200),
                    ([("if-match", tag)], 200), ([("if-match", '"a"')], 412), ([("if-match", "W/" + tag)], 412),
                    ([("if-unmodified-since", date)], 200),
                    ([("if-unmodified-since", "Sun, 09 Sep 2001 01:46:39 GMT")], 412)):
                answer = peer.ask(way + "/n.txt", fields=fields)
                same(answer.status, status, "%s %s" % (way, fields))
                if status == 304:
                    same((answer.get("etag"), answer.get("content-length"), answer.get("content-type")),
                         (tag, None, None), "%s %s" % (way, fields))
            for fields, status in (([("if-range", tag)], 206), ([("if-range", date)], 206), ([("if-range", '"a"')], 200),
                                   ([("if-range", "W/" + tag)], 200),
                                   ([("if-range", "Sun, 09 Sep 2001 01:46:41 GMT")], 200)):
                answer = peer.ask(way + "/n.txt", fields=[("range", "bytes=1-1")] + fields)
                same((answer.status, answer.body), (status, b"1" if status == 206 else b"0123456789"), "%s" % fields)
            same(peer.ask(way + "/n.txt", fields=[("range", "x"), ("if-range", '"a"')]).status, 200, "a void range")
            same(peer.ask(way + "/n.txt", fields=[("range", "bytes=99-"), ("if-none-match", tag)]).status, 304, "both")
        with open(root + "/n.txt", "wb") as file:
            file.write(b"another")
        need(peer.ask("/file/n.txt", fields=[("if-none-match", tag)]).body == b"another", "a new one")
        young = peer.response.get("last-modified")
        same(peer.ask("/file/n.txt", fields=[("range", "bytes=0-0"), ("if-range", young)]).status, 200, "a young date")


def case_replies_of_files(lab):
    server, root = start(lab)
    with server.connect() as peer:
        for way in WAYS:
            for target, status in (("/a.txt", 200), ("/link.txt", 200), ("/css", 404), ("/none", 404), ("/out", 404),
                                   ("/up/outside", 404), ("/.secret", 404), ("/shown", 404), ("/..%2foutside", 404),
                                   ("/fifo", 404), ("/a.txt/", 404), ("/css/a%20b.css", 200), ("/passwd", 404)):
                same(peer.ask(way + target).status, status, way + target)
            same(peer.ask(way + "/css/a%20b.css").get("content-type"), "text/css; charset=utf-8", "type")
            same(peer.ask(way + "/big.bin", "HEAD").get("content-length"), str(len(BIG)), "HEAD")
        same(peer.ask("/file/n.txt").get("x-length"), "10", "what middleware sees and adds")
        for query, wanted in (("name=a.txt", 'attachment; filename="a.txt"'),
                              ("name=a.txt&inline=1", 'inline; filename="a.txt"'),
                              ("name=%C3%A9%22.txt", "attachment; filename=\"__.txt\"; filename*=UTF-8''%C3%A9%22.txt"),
                              ("name=a%0D%0Ax:y", "attachment; filename=\"a__x:y\"; filename*=UTF-8''a%0D%0Ax%3Ay")):
            answer = peer.ask("/download?" + query)
            same((answer.status, answer.get("content-disposition"), answer.get("cache-control")),
                 (200, wanted, "no-store"), query)
        answer = peer.ask("/download?type=text/x-mine")
        same((answer.get("content-type"), answer.get("content-disposition")), ("text/x-mine", None), "a type")
        answer = peer.ask("/download?gone=1", fields=[("range", "bytes=0-0"), ("if-none-match", "*")])
        same((answer.status, answer.body), (410, b"hello\n"), "another status")
        same(peer.ask("/download?type=a%0Ab").status, 500, "a type that breaks the line")
        answer = peer.ask("/replaced")
        same((answer.status, answer.body), (200, b"something else\n"), "what took its place")
        same([answer.get(name) for name in ("etag", "last-modified", "content-disposition")], [None] * 3, "its fields")
        same(peer.ask("/any?path=%s/a.txt" % root).body, b"hello\n", "any path")
        same(peer.ask("/any?path=/nothing/here").status, 404, "no path")
        if os.getuid():
            os.chmod(root + "/a.txt", 0)
            same([peer.ask(way + "/a.txt").status for way in WAYS], [403] * 3, "rights")
    until(lambda: server.descriptors() < 40, "descriptors of files stay open")


# ---- directories

GUARDED = ("/../outside", "/%2e%2e/outside", "/..%2foutside", "/css/../../outside", "/css/..%2f../outside", "//etc/passwd",
           "/%2fetc/passwd", "/a.txt%00", "/a.txt%00.css", "/.secret", "/.git/config", "/css/../.secret", "/shown",
           "/out", "/up/outside", "/passwd", "/fifo", "/nothing", "/a.txt/", "/a.txt/x", "/" + "n" * 300, "/" + "n/" * 3000,
           "/..\\outside", "/..%5coutside", "/%c0%ae%c0%ae/outside", "/%252e%252e/outside", "/app.css/")


def case_row_172_guards(lab):
    server, _ = start(lab)
    with server.connect() as peer:
        for prefix in "/assets", "/shop/inner":
            for target in GUARDED:
                same(peer.ask(prefix + target).status, 404, prefix + target[:40])
            for method in "POST", "PUT", "DELETE", "PATCH":
                answer = peer.ask(prefix + "/a.txt", method, body=b"x")
                same((answer.status, answer.get("allow")), (405, "GET, HEAD"), method)
            same(peer.ask(prefix + "/link.txt").body, b"hello\n", "a link inside")
            same(peer.ask(prefix + "/css/").body, b"<p>css", "a folder")
            same(peer.ask(prefix + "/").body, b"<p>index", "the folder itself")
            same(peer.ask(prefix + "/", "HEAD").get("content-length"), "8", "its head")
            answer = peer.ask(prefix + "/css?a=b")
            same((answer.status, answer.get("location")), (301, prefix + "/css/?a=b"), "without its slash")
            answer = peer.ask(prefix + "?a=b")
            same((answer.status // 100, answer.get("location")), (3, prefix + "/?a=b"), "the prefix without its slash")
        for target in "/pages/", "/pages/css/", "/pages/nothing":
            answer = peer.ask(target, fields=[("range", "bytes=0-0"), ("if-none-match", "*")])
            same((answer.status, answer.body, answer.get("content-type"), answer.get("cache-control")),
                 (404, b"<p>none", "text/html; charset=utf-8", None), target)
        same(peer.ask("/where").body, b"/assets/css/a%20b.css /shop/inner/x\n", "URLs by name")
    until(lambda: server.descriptors() < 40, "descriptors of files stay open")


def case_row_172_behind_a_root_path(lab):
    server, _ = start(lab, "--root-path", "/api")
    with server.connect() as peer:
        same(peer.ask("/assets/a.txt").body, b"hello\n", "a file")
        same(peer.ask("/assets/css").get("location"), "/api/assets/css/", "a folder")
        same(peer.ask("/shop/inner/..%2foutside").status, 404, "outside")
        same(peer.ask("/where").body, b"/api/assets/css/a%20b.css /api/shop/inner/x\n", "URLs by name")


def case_row_172_precompressed(lab):
    server, _ = start(lab)
    with server.connect() as peer:
        plain = peer.ask("/assets/app.js")
        tags = {plain.get("etag")}
        same((plain.status, plain.get("content-encoding"), plain.get("vary"), plain.get("cache-control")),
             (200, None, "accept-encoding", "max-age=60"), "as it is")
        for given, encoding in (("br", "br"), ("gzip", "gzip"), ("gzip, br", "br"), ("gzip;q=1, br;q=0.9", "gzip"),
                                ("BR;q=0.1", "br"), ("br;q=0, gzip", "gzip"), ("br;q=0, gzip;q=0.0", None), ("*", "br"),
                                ("*;q=0", None), ("*;q=0, gzip", "gzip"), ("identity", None), ("zstd", None),
                                ("identity;q=1, gzip;q=0.5", None), ("br;q=2", None), ("br;q=x", None), ("", None),
                                ("gzip ; q=0.5 , deflate", "gzip")):
            answer = peer.ask("/assets/app.js", fields=[("accept-encoding", given)])
            same((answer.status, answer.get("content-encoding"), answer.get("vary")), (200, encoding, "accept-encoding"),
                 given)
            same(answer.get("content-type"), "text/javascript; charset=utf-8", given)
            data = {None: plain.body, "br": b"as br"}.get(encoding) or gzip.decompress(answer.body)
            same(data if encoding == "gzip" else answer.body, plain.body if encoding == "gzip" else data, given)
            tags.add(answer.get("etag"))
            same(peer.ask("/assets/app.js", fields=[("accept-encoding", given),
                                                    ("if-none-match", answer.get("etag"))]).status, 304, given)
        same(len(tags), 3, "tags")
        same(peer.ask("/assets/app.js", fields=[("accept-encoding", "br"), ("if-none-match", plain.get("etag"))]).status,
             200, "the tag of another coding")
        answer = peer.ask("/assets/app.js", fields=[("accept-encoding", "br"), ("range", "bytes=3-4")])
        same((answer.status, answer.body, answer.get("content-range")), (206, b"br", "bytes 3-4/5"), "a range of it")
        answer = peer.ask("/assets/one.js", fields=[("accept-encoding", "br, gzip;q=0.1")])
        same(answer.get("content-encoding"), "gzip", "the one there is")
        same(peer.ask("/assets/only.js", fields=[("accept-encoding", "gzip")]).status, 404, "without its original")
        same(peer.ask("/pages/app.js", fields=[("accept-encoding", "gzip")]).get("vary"), None, "where it is off")


def case_row_172_single_page(lab):
    server, _ = start(lab)
    page = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
    with server.connect() as peer:
        for target in "/spa/deep/link", "/spa/users/7", "/spa/x.y":
            answer = peer.ask(target, fields=page)
            same((answer.status, answer.body, answer.get("vary"), answer.get("cache-control")),
                 (200, b"<p>index", "accept", "no-cache"), target)
            same(peer.ask(target, fields=[("accept", "*/*")]).status, 404, target + " of a script")
            same(peer.ask(target, fields=[("accept", "text/html;q=0, */*")]).status, 404, target + " not HTML")
            same(peer.ask(target).status, 404, target + " without a word")
        answer = peer.ask("/spa/a.txt", fields=page)
        same((answer.body, answer.get("cache-control")), (b"hello\n", "max-age=60"), "what is there")
        same(peer.ask("/spa/none", fields=page + [("if-none-match", peer.ask("/spa/", fields=page).get("etag"))]).status,
             304, "it is known")
        same(peer.ask("/spa/none", "POST", page, b"").status, 405, "POST")


def case_row_172_a_directory_that_is_not_there(lab):
    for path in "/nothing/here", "/dev/null":
        server = lab.serve(APP, env={"CGW_TEST_PUBLIC": path}, wait=False)
        need(server.wait() == 3, "exit code %d" % server.exit_code)
        need(re.search(r"sdk_files\.c:\d+: CGW_STATIC\(\w+\): CGW_TEST_PUBLIC=%s: N" % path, server.log()), server.log())


# ---- clients of others

def case_row_171_172_curl_and_python(lab):
    server, _ = start(lab)
    same(curl(lab.bench, server, "-r", "2-4", "%s/file/n.txt"), b"234", "curl -r")
    answer = curl(lab.bench, server, "-i", "-r", "0-1,8-9", "%s/file/n.txt")
    need(answer.count(b"\r\ncontent-range: bytes ") == 2, "curl with two: %r" % answer)
    same(curl(lab.bench, server, "--compressed", "%s/assets/one.js"), b"let a = 1;\n" * 100, "curl --compressed")
    same(curl(lab.bench, server, "-z", "Mon, 10 Sep 2001 00:00:00 GMT", "-w", "%{http_code}", "%s/assets/a.txt"), b"304", "curl -z")
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for target, fields, status, body in (("/file/big.bin", {}, 200, BIG), ("/file/n.txt", {"Range": "bytes=-2"}, 206, b"89"),
                                         ("/pieces/n.txt", {"Range": "bytes=77-"}, 416, None)):
        client.request("GET", target, headers=fields)
        answer = client.getresponse()
        data = answer.read()
        same(answer.status, status, target)
        need(body is None or data == body, target)
    client.close()


# ---- reading and writing

def case_files_are_read_and_written(lab):
    server, root = start(lab)
    with open("/proc/self/status", encoding="ascii") as file:
        new = 0o666 & ~int(re.search(r"Umask:\s*(\d+)", file.read())[1], 8)

    def there(name):
        with open(os.path.join(root, name), "rb") as file:
            return file.read()

    def rights(name):
        return stat.S_IMODE(os.stat(os.path.join(root, name)).st_mode)
    with server.connect() as peer:
        for way in "", "/sync":
            same(peer.ask(way + "/load/big.bin").body == BIG, True, "a large one")
            same(peer.ask(way + "/load/empty").body, b"", "an empty one")
            same(peer.ask(way + "/load/n.txt?limit=10").body, b"0123456789", "the limit")
            for name, code in (("n.txt?limit=9", -34), ("big.bin?limit=4096", -34), ("none", -33), ("css", -21),
                               ("fifo", -22), ("out", -33), (".secret", -33)):
                answer = peer.ask(way + "/load/" + name)
                same((answer.status, answer.body), (500, b"%d\n" % code), name)
            same(peer.ask(way + "/save/new", "POST", body=b"one").body, b"0\n", "a new one")
            same((there("new"), rights("new")), (b"one", new), "it")
            os.chmod(root + "/new", 0o600)
            same(peer.ask(way + "/save/new?sync=1", "POST", body=BIG).body, b"0\n", "in its place")
            same((there("new") == BIG, rights("new")), (True, 0o600), "it, with its rights")
            same(peer.ask(way + "/save/new?mode=640", "POST", body=b"").body, b"0\n", "an empty one, with others")
            same((there("new"), rights("new")), (b"", 0o640), "it")
            same(peer.ask(way + "/save/new?append=1", "POST", body=b"a").body, b"0\n", "behind")
            same(peer.ask(way + "/save/new?append=1&sync=1", "POST", body=b"b").body, b"0\n", "behind")
            same(there("new"), b"ab", "both")
            same(peer.ask(way + "/save/link.txt", "POST", body=b"hello\n").body, b"0\n", "a link")
            same((os.readlink(root + "/link.txt"), there("a.txt")), ("a.txt", b"hello\n"), "stays one")
            same(peer.ask(way + "/save/css", "POST", body=b"x").body, b"-21\n", "a folder")
            same(peer.ask(way + "/save/fifo", "POST", body=b"x").body, b"-22\n", "what is no file")
            same(peer.ask(way + "/save/" + "n" * 300, "POST", body=b"x").body, b"-33\n", "a long name")
            same(peer.ask(way + "/copy/big.bin?keep=1", "POST", body=b"").body, b"0\n", "piece by piece")
            same(there("big.bin.copy") == BIG, True, "the copy")
            same(peer.ask(way + "/copy/n.txt", "POST", body=b"").body, b"0\n", "one that is dropped")
            need(not os.path.exists(root + "/n.txt.copy"), "half a copy is there")
            os.unlink(root + "/new")
        same(peer.ask("/fill", "POST", body=b"").body, b"-28\n", "a full disk")
        same(peer.ask("/misuse").body, b"-1 -1 -21 0 2 -3\n", "misuse")
        same([peer.ask("/no-path" + query).status for query in ("", "?beneath=/tmp")], [500, 500], "no path")
        server.wait_log("no path: -1 -1 -1")
        same(peer.ask("/canceled").body, b"-32 1\n", "a timeout")
        same([name for name in os.listdir(root) if re.search(r"\.[0-9a-f]{16}$", name)], [], "left behind")
    until(lambda: server.descriptors() < 40, "descriptors of files stay open")


def case_a_disk_that_is_full(lab):
    """A limit of the process stands for it: half a file is never seen, and nothing is left."""
    root = public(lab)
    server = lab.serve(APP, env={"CGW_TEST_PUBLIC": root})
    for pid in server.workers():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (100000, 100000))
    with server.connect() as peer:
        same(peer.ask("/save/n.txt", "POST", body=BIG).body, b"-27\n", "too much")
        same(peer.ask("/copy/big.bin?keep=1", "POST", body=b"").status, 500, "the same, piece by piece")
        same(peer.ask("/load/n.txt").body, b"0123456789", "the old one")
    same([name for name in os.listdir(root) if re.search(r"\.[0-9a-f]{16}$|copy", name)], [], "left behind")


def case_a_large_file_is_read_while_others_are_answered(lab):
    root = lab.bench.folder()
    data = os.urandom(1 << 20) * 24
    with open(os.path.join(root, "big"), "wb") as file:
        file.write(data)
    server = lab.serve("files", env={"CGW_FILES_ROOT": root})
    with server.connect(60) as slow, server.connect(60) as quick:
        pings = 0
        slow.request("/crc32/big")
        while not select.select([slow.sock], [], [], 0)[0]:
            same(quick.ask("/ping").body, b"pong\n", "a ping")
            pings += 1
        slow.head()
        same(slow.body(), b"%08x\n" % zlib.crc32(data), "the sum")
        need(pings > 1, "%d pings were answered before the sum" % pings)


def case_memory_fails_at_each_place_in_turn(lab):
    memory = Memory(lab)
    root = public(lab)
    server = memory.serve(lab, APP, ["--timeout-linger", "0.2", "--no-access-log"], env={"CGW_TEST_PUBLIC": root})
    server.ask("/where")
    for target, fields, good in (
            (b"GET /file/n.txt", b"range: bytes=0-1,5-6\r\n", 206), (b"GET /pieces/n.txt", b"", 200),
            (b"GET /sync/link.txt", b"range: bytes=99-\r\n", 416), (b"GET /assets/app.js", b"accept-encoding: br\r\n", 200),
            (b"GET /assets/link.txt", b"if-none-match: *\r\n", 304), (b"GET /download?name=%c3%a4", b"", 200),
            (b"GET /spa/none", b"accept: text/html\r\n", 200), (b"GET /pages/none", b"", 404), (b"GET /load/big.bin", b"", 200),
            (b"POST /copy/n.txt?keep=1", b"content-length: 0\r\n", 200), (b"POST /save/new", b"content-length: 0\r\n", 200)):
        for width in 1, 20:
            torture(memory, server, target.decode(), target + HOST + fields + b"\r\n", (good,), width, "/where")
    same([name for name in os.listdir(root) if re.search(r"\.[0-9a-f]{16}$", name)], [], "left behind")
    server.signal("TERM")
    same(server.wait(), 0, "exit code")
