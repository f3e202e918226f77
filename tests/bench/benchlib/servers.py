"""The servers that are compared: how each is started, and how one knows that it serves."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request

from . import process
from .database import Database, root_of

READY_S = 20
HELLO = "Hello, world!\n"


class Absent(Exception):
    """A server that is not installed or not built."""


class Server:
    """One start of one server. A subclass says what to run and where its port is told."""

    port_in_log = None  # a pattern; without it the port is chosen here

    def __init__(self, place, *args):
        self.place = place
        self.args = args
        self.port = None
        self.process = None
        self.log = None

    def command(self, folder):
        raise NotImplementedError

    def environment(self):
        return {}

    def start(self, core, folder):
        folder.mkdir(parents=True, exist_ok=True)
        if self.port_in_log is None:
            self.port = free_port()
        self.log = folder / "log"
        self.process = process.start(self.command(folder), core, self.log, cwd=folder,
                                     env={**os.environ, **self.environment()})
        deadline = time.monotonic() + READY_S
        while not self.serves():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise Absent(f"did not start: {self.log.read_text(errors='replace')[-300:]}")
            time.sleep(0.01)

    def serves(self):
        if self.port_in_log is not None:
            told = re.search(self.port_in_log, self.log.read_text(errors="replace"))
            if told is None:
                return False
            self.port = int(told[1])
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self):
        if self.process is not None:
            process.stop(self.process)

    def cpu_s(self):
        return process.cpu_s(self.process.pid)

    def memory(self):
        return process.memory(self.process.pid)


class Cgw(Server):
    """cgw-serve with a module; args: the module, then options."""

    port_in_log = r"CGW0101 serving url=http://[^ ]*:(\d+)"

    def command(self, folder):
        module = self.place.module(self.args[0])
        for path in (self.place.serve, module):
            if not path.exists():
                raise Absent(f"{path.name} is not built")
        return [self.place.serve, "--port", "0", "--log-level", "info", "--no-access-log",
                *self.args[1:], module]


class Scraped(Cgw):
    """The same, asked for its metrics each second: --metrics /metrics is among the options."""

    EVERY_S = 1.0

    def __init__(self, place, *args):
        super().__init__(place, *args)
        self.ends, self.scraper, self.failure = threading.Event(), None, None

    def start(self, core, folder):
        super().start(core, folder)
        self.scraper = threading.Thread(target=self.scrape, daemon=True)
        self.scraper.start()

    def scrape(self):
        wait = self.EVERY_S / 2  # a turn of one second has one in its middle
        while not self.ends.wait(wait):
            wait = self.EVERY_S
            try:
                url = f"http://127.0.0.1:{self.port}/metrics"
                with urllib.request.urlopen(url, timeout=5) as said:
                    said.read()
            except OSError as error:
                self.failure = f"no metrics: {error}"
                return

    def cpu_s(self):
        if self.failure:
            raise Absent(self.failure)
        return super().cpu_s()

    def stop(self):
        self.ends.set()
        if self.scraper:
            self.scraper.join()
        super().stop()


class Files(Cgw):
    """The files module on the folder that nginx serves too."""

    def environment(self):
        return {"CGW_FILES_ROOT": str(self.place.files)}


class Floor(Server):
    """The bare epoll server; args: its mode."""

    port_in_log = r"port (\d+)"

    def command(self, folder):
        return [self.place.program("floor"), *self.args]


class Nginx(Server):
    """One worker, as fast as nginx goes: no log, `return 200`, sendfile."""

    def command(self, folder):
        config = folder / "nginx.conf"
        body = HELLO.replace("\n", "\\n")
        config.write_text(NGINX.format(port=self.port, folder=folder, files=self.place.files,
                                       hello=body, user=self.place.user_line()))
        return [installed("nginx"), "-c", config, "-p", folder, "-e", folder / "error.log"]


class H2o(Server):
    """One thread; its quickest fixed answer is a small file, quicker than an mruby handler's."""

    def command(self, folder):
        config = folder / "h2o.conf"
        config.write_text(H2O.format(port=self.port, files=self.place.files,
                                     user=self.place.h2o_user_line()))
        return [installed("h2o"), "-c", config]


class Uvicorn(Server):
    """One process, with uvloop and httptools where they are installed."""

    def command(self, folder):
        program = installed("uvicorn")
        return [program, "--app-dir", self.place.source, "--host", "127.0.0.1", "--port", self.port,
                "--no-access-log", "--log-level", "warning", "hello_asgi:app"]


class FastApi(Server):
    """bench_fastapi.py on uvicorn, both Debian's; one process."""

    APP = "bench_fastapi:app"

    def command(self, folder):
        if importlib.util.find_spec("fastapi") is None and not system_python_has("fastapi"):
            raise Absent("fastapi is not installed")
        return [installed("uvicorn"), "--app-dir", self.place.source, "--host", "127.0.0.1",
                "--port", self.port, "--no-access-log", "--log-level", "warning", self.APP]


class Stored:
    """Before a kind of server: each start has a database of its own."""

    database = None

    def start(self, core, folder):
        self.database = Database(root_of(self.place))
        super().start(core, folder)

    def stop(self):
        super().stop()
        if self.database is not None:
            self.database.close()


class CgwSql(Stored, Cgw):
    """sdk_bench_sql.c; args: how many writes one commit takes, where that is not for itself."""

    def __init__(self, place, *group):
        super().__init__(place, "sdk_bench_sql")
        self.group = group

    def environment(self):
        return {"CGW_BENCH_DB": f"sqlite:{self.database.path}?mode=rw",
                **{"CGW_BENCH_GROUP": group for group in self.group}}


class FastApiSql(Stored, FastApi):
    """bench_fastapi_sql.py."""

    APP = "bench_fastapi_sql:app"

    def environment(self):
        return {"CGW_BENCH_DB": self.database.path}


def system_python_has(module):
    """Debian's packages are for Debian's Python, which need not be the one that runs this."""
    done = subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], capture_output=True,
                          timeout=20, check=False)
    return done.returncode == 0


def installed(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if path is None:
        raise Absent(f"{name} is not installed")
    return path


def version_of(argv):
    """The first line that a program says of its version, or None where there is none."""
    try:
        said = subprocess.run([installed(argv[0]), *argv[1:]], capture_output=True, text=True,
                              timeout=20, check=False)
    except Absent:
        return None
    return (said.stdout + said.stderr).strip().splitlines()[0]


def versions():
    asked = {"nginx": ["nginx", "-v"], "h2o": ["h2o", "--version"],
             "uvicorn": ["uvicorn", "--version"]}
    known = {name: version_of(argv) for name, argv in asked.items()}
    known["python"] = sys.version.split()[0]
    return known


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


NGINX = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 15000; }}
http {{
    access_log off;
    default_type text/plain;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = / {{ return 200 "{hello}"; }}
        location / {{ root {files}; }}
    }}
}}
"""

H2O = """\
{user}
num-threads: 1
max-connections: 15000
listen: {{ host: 127.0.0.1, port: {port} }}
hosts:
  default:
    paths:
      "/":
        file.dir: {files}
        file.index: [hello.txt]
"""
