"""The example modules as a client sees them: items (SQLite), files, and their bad days."""
import json
import os
import sqlite3
import threading

from wire_lab import need, until

JSON = [("content-type", "application/json")]


def shop(lab, **more):
    folder = lab.bench.folder()
    path = os.path.join(folder, "items.db")
    return lab.serve("items", env={"CGW_ITEMS_DB": "sqlite:" + path}, **more), path


def ask(peer, method, target, value=None, fields=JSON):
    """One request with a JSON body; status and decoded body."""
    body = None if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
    response = peer.ask(target, method, fields if body is not None else (), body)
    return response.status, json.loads(response.body) if response.body else None


def case_items_create_read_list_change_delete(lab):
    server, _ = shop(lab)
    with server.connect() as peer:
        status, tea = ask(peer, "POST", "/items", {"name": "tea", "price": 3.5, "tags": ["leaf"]})
        need(status == 201 and tea["name"] == "tea" and tea["tags"] == ["leaf"], "create: %s" % tea)
        at = "/items/%d" % tea["id"]
        need(ask(peer, "GET", at) == (200, tea), "read")
        status, new = ask(peer, "PUT", at, {"name": "green tea", "price": 5})
        need(status == 200 and new == {"id": tea["id"], "name": "green tea", "price": 5, "tags": []},
             "replace: %s" % new)
        status, page = ask(peer, "GET", "/items")
        need(status == 200 and page == [new], "list: %s" % page)
        need(ask(peer, "DELETE", at) == (204, None), "delete")
        need(ask(peer, "GET", at)[0] == 404, "read what is gone")


def case_items_errors(lab):
    server, _ = shop(lab)
    tea = {"name": "tea", "price": 1}
    with server.connect() as peer:
        need(ask(peer, "POST", "/items", tea)[0] == 201, "create")
        for status, method, target, value, fields in (
                (422, "POST", "/items", b"{", JSON), (422, "POST", "/items", b"", JSON),
                (422, "POST", "/items", b"{'name': 1}", JSON),
                (422, "POST", "/items", b'{"name":"x","price":-.5}', JSON),
                (422, "POST", "/items", b'{"name":"\xc0\xaf","price":1}', JSON), (404, "GET", "/items/999", None, JSON),
                (404, "GET", "/nothing", None, JSON), (404, "DELETE", "/items/999", None, JSON),
                (404, "PUT", "/items/999", tea, JSON), (405, "DELETE", "/items", None, JSON),
                (405, "POST", "/items/1", tea, JSON), (409, "POST", "/items", tea, JSON),
                (422, "POST", "/items", tea, [("content-type", "text/plain")]),
                (422, "POST", "/items", {"name": ""}, JSON),
                (422, "POST", "/items", {"name": "x", "price": -1}, JSON), (422, "POST", "/items", [1], JSON)):
            got, body = ask(peer, method, target, value, fields)
            need(got == status, "%s %s %s: %d" % (method, target, value, got))
            need("detail" in body, "%s %s: %s" % (method, target, body))
            if status == 405:
                need(peer.response.get("allow"), "no allow")
        body = ask(peer, "POST", "/items", {"name": 1, "price": "x", "tags": 2})[1]
        need(len(body["detail"]) == 3, "not all faults at once: %s" % body)
        need(len(ask(peer, "GET", "/items")[1]) == 1, "an error left a row")


def clerk(server, number, failures):
    """One of many clients: creates, changes and deletes items of its own."""
    try:
        with server.connect(90) as peer:
            for turn in range(6):
                status, item = ask(peer, "POST", "/items", {"name": "%d-%d" % (number, turn), "price": 1})
                need(status == 201, "create: %d %s" % (status, item))
                at = "/items/%d" % item["id"]
                need(ask(peer, "PUT", at, {"name": item["name"], "price": turn})[0] == 200, "change")
                need(ask(peer, "GET", at)[1]["price"] == turn, "a lost change")
                if turn % 3 == 2:
                    need(ask(peer, "DELETE", at)[0] == 204, "delete")
    except Exception as error:
        failures.append("%d: %r" % (number, error))


def case_items_64_clients_lose_no_write(lab):
    server, path = shop(lab)
    failures = []
    threads = [threading.Thread(target=clerk, args=(server, n, failures)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    need(not failures, "%d clients fail: %s" % (len(failures), failures[:3]))
    server.stop()
    with sqlite3.connect(path) as base:
        names = {row[0] for row in base.execute("SELECT name FROM items")}
    wanted = {"%d-%d" % (n, turn) for n in range(64) for turn in range(6) if turn % 3 != 2}
    need(names == wanted, "%d rows where %d are due" % (len(names), len(wanted)))
    need("lock" not in server.log(), "the log speaks of locks")


def case_items_clients_that_race_for_one_name(lab):
    server, _ = shop(lab)
    found = []

    def one():
        with server.connect(60) as peer:
            found.append(ask(peer, "POST", "/items", {"name": "one", "price": 1})[0])
    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    need(sorted(found) == [201] + [409] * 19, "got %s" % sorted(found))


def case_row_119_items_without_a_database(lab):
    server = lab.serve("items", env={"CGW_ITEMS_DB": "sqlite:/nonexistent/folder/items.db"}, wait=False)
    need(server.wait() == 3, "exit code %d" % server.exit_code)
    need("/nonexistent/folder/items.db" in server.log(), "the path is not named")


# ---- files

def case_files(lab):
    root = lab.bench.folder()
    data = bytes(range(256)) * 3000
    os.mkdir(root + "/sub")
    os.mkdir(root + "/\\test")
    os.symlink("/etc/passwd", root + "/out")
    os.symlink(".secret", root + "/shown")
    for name, content in (("a.txt", b"hello\n"), ("big.bin", data), ("empty", b""), (".secret", b"x"),
                          ("sub/index.html", b"<p>index"), ("with blank.txt", b"blank")):
        with open(os.path.join(root, name), "wb") as file:
            file.write(content)
    server = lab.serve("files", env={"CGW_FILES_ROOT": root})
    with server.connect() as peer:
        need(peer.ask("/a.txt").body == b"hello\n", "a file")
        need(peer.response.get("content-type", ).startswith("text/plain"), "its type")
        tag = peer.response.get("etag")
        need(peer.ask("/a.txt", fields=[("if-none-match", tag)]).status == 304, "its tag")
        need(peer.ask("/a.txt", "HEAD").get("content-length") == "6", "its head")
        need(peer.ask("/big.bin").body == data, "a big one")
        need(peer.ask("/empty").body == b"", "an empty one")
        need(peer.ask("/with%20blank.txt").body == b"blank", "a name with a blank")
        need(peer.ask("/sub/").body == b"<p>index", "a folder")
        for given, wanted in (("bytes=0-0", data[:1]), ("bytes=1000-4999", data[1000:5000]),
                              ("bytes=-10", data[-10:]), ("bytes=767990-", data[767990:])):
            response = peer.ask("/big.bin", fields=[("range", given)])
            need(response.status == 206 and response.body == wanted, "%s: %d" % (given, response.status))
        response = peer.ask("/big.bin", fields=[("range", "bytes=768000-")])
        need(response.status == 416 and response.get("content-range") == "bytes */768000", "416")
        for target in ("/nothing", "/.secret", "/shown", "/out", "/../etc/passwd", "/sub/../../etc/passwd",
                       "/%2e%2e/etc/passwd", "/..%2fetc/passwd", "/a.txt%00", "//etc/passwd", "/a.txt/"):
            need(peer.ask(target).status == 404, "%s: %d" % (target, peer.response.status))
        need(peer.ask("/sub?a=b").get("location") == "/sub/?a=b", "a folder without its slash")
        for target in "/\\test", "/%5Ctest", "/%5ctest":
            response = peer.ask(target)
            need(response.status == 301 and response.get("location").lower() == "/%5ctest/",
                 "%s: %d to %s" % (target, response.status, response.get("location")))
        need(peer.ask("/a.txt", "POST", body=b"x").status == 405, "POST")


def case_files_that_shrink_while_they_are_sent(lab):
    root = lab.bench.folder()
    path = os.path.join(root, "big")
    with open(path, "wb") as file:
        file.truncate(64 << 20)
    server = lab.serve("files", env={"CGW_FILES_ROOT": root})
    with server.connect(30, receive_buffer=8192) as peer:
        peer.request("/big")
        need(peer.head().get("content-length") == str(64 << 20), "the length")
        os.truncate(path, 1 << 20)
        need(peer.drain() < 64 << 20, "more than the file has")
    need(server.ask("/nothing").status == 404, "the next request")


def case_row_112_files_to_many_slow_readers(lab):
    root = lab.bench.folder()
    data = os.urandom(3 << 20)
    with open(os.path.join(root, "big"), "wb") as file:
        file.write(data)
    server, failures = lab.serve("files", env={"CGW_FILES_ROOT": root}), []

    def read():
        try:
            with server.connect(60, receive_buffer=16384) as peer:
                need(peer.ask("/big").body == data, "another content")
        except Exception as error:
            failures.append(repr(error))
    threads = [threading.Thread(target=read) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    need(not failures, "%s" % failures[:2])
    until(lambda: server.descriptors() < 30, "descriptors of files stay open")


# ---- out of memory

def case_row_104_items_when_every_allocation_fails_in_turn(lab):
    from script_days import Memory, torture  # the counter that is preloaded
    memory = Memory(lab)
    path = os.path.join(lab.bench.folder(), "items.db")
    server = memory.serve(lab, "items", env={"CGW_ITEMS_DB": "sqlite:" + path})
    with server.connect() as peer:
        need(ask(peer, "POST", "/items", {"name": "tea", "price": 1, "tags": ["a"]})[0] == 201, "create")
    host = b" HTTP/1.1\r\nhost: test\r\n\r\n"
    for name, data, good in (("list", b"GET /items" + host, 200), ("read", b"GET /items/1" + host, 200),
                             ("absent", b"GET /items/2" + host, 404), ("gone", b"DELETE /items/2" + host, 404),
                             ("fault", b"PUT /items/1 HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"
                              b"content-length: 2\r\n\r\n{}", 422)):
        for width in 1, 20:
            torture(memory, server, name, data, (good,), width, "/items/1")
