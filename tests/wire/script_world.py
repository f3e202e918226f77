"""Clients and proxies of others: curl, and nginx in front."""
import os
import shutil
import socket
import subprocess
import threading
import time

from wire_lab import Skip, need, serves, until
from wire_peer import Peer

NGINX = """
daemon off; master_process off; pid %(dir)s/pid; error_log %(dir)s/error.log warn;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 0;
  client_body_temp_path %(dir)s/body; proxy_temp_path %(dir)s/proxy; fastcgi_temp_path %(dir)s/f;
  uwsgi_temp_path %(dir)s/u; scgi_temp_path %(dir)s/s;
  upstream app { server %(upstream)s; keepalive 8; }
  server {
    listen unix:%(dir)s/nginx.sock;
    location / {
      proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For 9.8.7.6;
      proxy_set_header X-Forwarded-Proto https;
    }
    location /raw/ { proxy_pass http://app/; proxy_http_version 1.1; proxy_request_buffering off;
      proxy_buffering off; proxy_set_header Connection ""; }
    location /old/ { proxy_pass http://app/; }
  }
}
"""


def curl(bench, server, *words, data=None):
    """What curl prints of a request; words with %s get the server's address."""
    if not shutil.which("curl"):
        raise Skip("no curl here")
    base = "http://127.0.0.1:%d" % server.port
    argv = ["curl", "-sS", "--max-time", "60", *(word.replace("%s", base) for word in words)]
    ended = subprocess.run(argv, input=data, capture_output=True, check=False)
    need(ended.returncode == 0, "%s: %d %s" % (argv, ended.returncode, ended.stderr))
    return ended.stdout


@serves("probe")
def case_row_1_5_20_curl_reads(server):
    bench = server.bench
    need(curl(bench, server, "%s/hello") == b"Hello, world!\n", "a body")
    need(b"content-length: 14" in curl(bench, server, "-I", "%s/hello"), "HEAD")
    need(curl(bench, server, "--http1.0", "%s/no-length?n=2") == b"piece 0\npiece 1\n", "HTTP/1.0")
    need(curl(bench, server, "%s/no-length?n=2") == b"piece 0\npiece 1\n", "chunks")
    count = curl(bench, server, "-w", "%{num_connects} ", "-o", "/dev/null", "-o", "/dev/null",
                 "%s/hello", "%s/hello")
    need(count == b"1 0 ", "connections: %r" % count)
    need(len(curl(bench, server, "%s/large?size=5000000")) == 5000000, "a large body")
    need(b"pre" not in curl(bench, server, "--compressed", "%s/hello"), "compressed")
    need(curl(bench, server, "--http2", "%s/hello") == b"Hello, world!\n", "an upgrade to h2c")


@serves("probe")
def case_row_31_33_40_curl_sends(server):
    bench, body = server.bench, b"x" * 3000000
    for words in (["--data-binary", "@-"], ["--data-binary", "@-", "-H", "Expect: 100-continue"],
                  ["-T", "-"], ["-T", "-", "-H", "Transfer-Encoding: chunked"]):
        got = curl(bench, server, *words, "%s/read-body", data=body)
        need(got.startswith(b"length 3000000 "), "%s: %r" % (words, got))
    got = curl(bench, server, "-F", "a=b", "-F", "c=d", "%s/read-body")
    need(got.startswith(b"length "), "%r" % got)
    got = curl(bench, server, "-X", "DELETE", "%s/scope")
    need(b"method: DELETE" in got, "%r" % got)


def nginx(lab, server):
    """An nginx in front of the server; a function that connects to it."""
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    if not os.path.exists(binary):
        raise Skip("no nginx here")
    folder = lab.bench.folder()
    config = os.path.join(folder, "nginx.conf")
    upstream = "127.0.0.1:%d" % server.port if not server.url.startswith("unix:") else server.url
    with open(config, "w", encoding="ascii") as file:
        file.write(NGINX % {"dir": folder, "upstream": upstream})
    process = lab.bench.spawn([binary, "-c", config, "-p", folder, "-e", folder + "/error.log"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60 * lab.slow

    def connect():
        return Peer(socket.AF_UNIX, folder + "/nginx.sock", lambda: end, strict=False)

    def is_up():
        try:
            connect().close()
        except OSError:
            return process.poll() is not None
        return True
    until(is_up, "nginx does not start", 20 * lab.slow)
    need(process.poll() is None, "nginx has ended")
    return process, connect


def through_nginx(lab, server):
    process, connect = nginx(lab, server)
    try:
        exchanges(connect)
        many(connect)
    finally:
        lab.bench.reap(process)


def exchanges(connect):
    with connect() as peer:
        for prefix in "", "/raw", "/old":
            need(peer.ask(prefix + "/hello").body == b"Hello, world!\n", "GET %s" % prefix)
            need(peer.ask(prefix + "/hello", "HEAD").get("content-length") == "14", "HEAD %s" % prefix)
            need(peer.ask(prefix + "/status/204").status == 204, "204 %s" % prefix)
            need(peer.ask(prefix + "/no-length?n=2").body == b"piece 0\npiece 1\n", "chunks %s" % prefix)
            need(len(peer.ask(prefix + "/stream?n=100&size=20000").body) == 2000000, "a stream %s" % prefix)
            body = peer.ask(prefix + "/read-body", "POST", body=b"y" * 1000000).body
            need(body.startswith(b"length 1000000 "), "POST %s: %r" % (prefix, body))
            need(peer.ask(prefix + "/no-start").status == 500, "an error %s" % prefix)
        lines = peer.ask("/x").body.decode().splitlines()
        need("scheme: https" in lines and any(line.startswith("client: 9.8.7.6") for line in lines),
             "forwarded: %s" % lines)


def many(connect):
    failures = []

    def one():
        try:
            with connect() as peer:
                for _ in range(50):
                    need(peer.ask("/hello").status == 200, "status %d" % peer.response.status)
        except Exception as error:
            failures.append(repr(error))
    threads = [threading.Thread(target=one) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    need(not failures, "%s" % failures[:3])


def case_row_12_14_87_behind_nginx(lab):
    through_nginx(lab, lab.serve("probe", ["--forwarded-allow-ips", "127.0.0.1"]))


def case_row_84_87_behind_nginx_on_a_unix_socket(lab):
    through_nginx(lab, lab.serve("probe", ["--uds", "$TMP/app.sock", "--uds-mode", "0666",
                                           "--forwarded-allow-ips", "unix"]))
