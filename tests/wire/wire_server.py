"""Servers under test: started on a port that the kernel chooses, watched, ended, never left behind."""
import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import wire_process
from wire_peer import Failed, Peer

SERVING = re.compile(r'CGW0101\b.*?\burl(?:=|":")([^\s"]+).*?\bworkers(?:=|": ?"?)(\d+)')
READY = re.compile(r'CGW0120\b.*?\bworker(?:=|": ?"?)(\d+).*?\bpid(?:=|": ?"?)(\d+)'
                   r'.*?\bgeneration(?:=|": ?"?)(\d+)')
DIED = re.compile(r"CGW012[5-8]\b.*")  # where it is not what the case wants: may_lose_workers
SICK = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:|Assertion .* failed")

# Reads process groups; when the runner is gone, however it went, ends those that are not struck out.
JANITOR = r"""
import os, signal, sys
alive = set()
for line in sys.stdin:
    (alive.add if line[0] == '+' else alive.discard)(int(line[1:]))
for group in alive:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
"""


class Bench:
    """What all cases of a run share: where things are, how slow the build is, what was started."""

    def __init__(self, server, apps, slow):
        self.server, self.apps = os.path.abspath(server), apps
        self.sanitized = self._is_sanitized()
        self.slow = slow * (4 if self.sanitized else 1)
        self.tmp = tempfile.mkdtemp(prefix="cgw-wire-")
        os.chmod(self.tmp, 0o755)  # workers may be somebody else
        self.lock, self.count = threading.Lock(), 0
        self.running = set()
        self.janitor = subprocess.Popen([sys.executable, "-c", JANITOR], stdin=subprocess.PIPE,
                                        text=True, start_new_session=True)
        atexit.register(self.close)

    def _is_sanitized(self):
        try:
            with open(self.server, "rb") as file:
                code = file.read()
        except OSError:
            return False
        return b"__asan_init" in code or b"__tsan_init" in code

    def app(self, name):
        """The path of an application: a name is looked for in the folders of --apps."""
        if "/" in name:
            return name
        for folder in self.apps:
            path = os.path.join(folder, name + ".so")
            if os.path.exists(path):
                return os.path.abspath(path)
        raise Failed("no application %s.so in %s" % (name, " ".join(self.apps)))

    def folder(self):
        with self.lock:
            self.count += 1
            path = os.path.join(self.tmp, str(self.count))
        os.mkdir(path)
        return path

    def watch(self, pid, begins):
        with self.lock:
            (self.running.add if begins else self.running.discard)(pid)
            if self.janitor.poll() is None:
                self.janitor.stdin.write("%s%d\n" % ("+" if begins else "-", pid))
                self.janitor.stdin.flush()

    def spawn(self, argv, **options):
        """Any helper process (nginx, curl), in a group of its own that dies with the run."""
        process = subprocess.Popen(argv, start_new_session=True, **options)
        self.watch(process.pid, True)
        return process

    def reap(self, process):
        """End a process of spawn() with its group."""
        for group_signal in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, group_signal)
                process.wait(5)
            except (OSError, subprocess.TimeoutExpired):
                continue
            break
        self.watch(process.pid, False)

    def close(self):
        for pid in list(self.running):
            try:
                os.killpg(pid, signal.SIGKILL)
            except OSError:
                pass
        self.running.clear()
        if self.janitor.poll() is None:
            self.janitor.stdin.close()
            self.janitor.wait()
        shutil.rmtree(self.tmp, ignore_errors=True)


class Server:
    """One server under test: the supervisor's process, and its workers."""

    def __init__(self, bench, app, options=(), env=(), first=None, preload=None, stdout=None,
                 stderr=None, stdin=subprocess.DEVNULL, pass_fds=(), folder=None, binary=None):
        self.bench, self.folder = bench, folder or bench.folder()
        self.scratch = bench.folder()  # for its copies of the module
        self.options = [self._fill(word) for word in options]
        self.app, self.first, self.pass_fds = app, first, pass_fds
        self.binary = binary or bench.server
        self.may_lose_workers = False  # a test that kills some says so
        self.env = {key: self._fill(value) for key, value in env}
        if preload:
            self.env["LD_PRELOAD"] = preload
        self.stdout_to, self.stderr_to, self.stdin_from = stdout, stderr, stdin
        self.out, self.err = os.path.join(self.folder, "out"), os.path.join(self.folder, "err")
        self.process, self.group, self.url, self.exit_code = None, None, None, None

    def _fill(self, word):
        """Seconds as 0.5s grow with the slowness of the build; $TMP and $APPS are folders."""
        if re.fullmatch(r"[\d.]+s", word):
            return "%g" % (float(word[:-1]) * self.bench.slow)
        return word.replace("$TMP", self.folder).replace("$APPS", os.path.abspath(self.bench.apps[0]))

    def argv(self):
        words = [self.binary, *self.options]
        if not any(re.match(r"--(port|uds|fd)\b", word) for word in self.options):
            words += ["--port", "0"]
        if self.app != "-":
            words.append(self.bench.app(self._fill(self.app)))
        if self.first:  # a command of the shell, in the same process
            words = ["sh", "-c", self.first + ' && exec "$@"', "sh", *words]
        return words

    def start(self, wait=True):
        """Start it; wait until it says that it serves."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("CGW_")}
        env["TMPDIR"] = self.scratch
        env.update(self.env)
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.process = self.bench.spawn(
                self.argv(), env=env, stdin=self.stdin_from, pass_fds=self.pass_fds,
                stdout=out if self.stdout_to is None else self.stdout_to,
                stderr=err if self.stderr_to is None else self.stderr_to)
        self.group = self.process.pid
        if wait:
            try:
                found = self.wait_log(SERVING.pattern, 15 * self.bench.slow)
                self.url = found[1]
                self.wait_named(int(found[2]))
            except Failed as failed:
                self.kill()
                raise Failed("%s does not serve: %s\n%s" % (" ".join(self.argv()), failed,
                                                            self.log()[-2000:])) from None
            self.descriptors_before = self.descriptors_of_all()
        return self

    def wait_named(self, count):
        """The workers served before the supervisor said so, but their lines may come after its own."""
        end = time.monotonic() + 5 * self.bench.slow
        while len(self.ready()) < count:
            if time.monotonic() > end:
                raise Failed("only %d of %d workers are in the log" % (len(self.ready()), count))
            time.sleep(0.01)

    # ---- its processes

    @property
    def pid(self):
        """The supervisor."""
        return self.process.pid

    def ready(self):
        """The workers that have said that they serve, as (position, pid, generation), oldest first."""
        return [tuple(map(int, found)) for found in READY.findall(self.log())]

    def workers(self):
        """The workers that live; also while they drain."""
        named = {pid for _, pid, _ in self.ready()}
        children = wire_process.children_of(self.pid)
        return [pid for pid in children if pid in named or not named]  # the log may be elsewhere

    @property
    def worker(self):
        """The only worker."""
        workers = self.workers()
        if len(workers) != 1:
            raise Failed("there are %d workers, not one" % len(workers))
        return workers[0]

    def wait_workers(self, good, why, seconds=None):
        """Wait until the list of workers is as the predicate wants it; the list. Who has ended counts
        until the supervisor knows: it would take the death of one that it has not noticed, and that
        TERM overtakes, for a failure of its own end."""
        end = time.monotonic() + (seconds or 10 * self.bench.slow)
        while True:
            workers, children = self.workers(), wire_process.all_children_of(self.pid)
            if good(workers) and all(map(wire_process.is_alive, children)):
                return workers
            if time.monotonic() > end or self.process.poll() is not None:
                raise Failed("%s: the workers are %s" % (why, workers))
            time.sleep(0.01)

    # ---- its logs

    def log(self):
        with open(self.err, encoding="utf-8", errors="replace") as file:
            return file.read()

    def access(self):
        with open(self.out, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_log(self, pattern, seconds=None, read=None):
        """Wait until the log (or what read gives) has the pattern; the match."""
        deadline = time.monotonic() + (seconds or 5 * self.bench.slow)
        while True:
            ended = self.process.poll() is not None
            found = re.search(pattern, (read or self.log)(), re.MULTILINE)
            if found:
                return found
            if ended or time.monotonic() > deadline:
                raise Failed("%s has no /%s/%s" % ("the access log" if read else "the log", pattern,
                                                   ", and the server has ended" if ended else ""))
            time.sleep(0.01)

    def wait_access(self, pattern, seconds=None):
        return self.wait_log(pattern, seconds, self.access)

    # ---- talking to it

    def address(self):
        if self.url.startswith("unix:"):
            return socket.AF_UNIX, self.url[5:]
        match = re.fullmatch(r"https?://(?:\[([^]]+)\]|([^:/]+)):(\d+)/?", self.url)
        if not match:
            raise Failed("cannot read the address in %s" % self.url)
        if match[1]:
            return socket.AF_INET6, (match[1], int(match[3]))
        return socket.AF_INET, (match[2], int(match[3]))

    @property
    def port(self):
        return self.address()[1][1]

    def connect(self, seconds=None, deadline=None, **options):
        """A connection; all waiting on it ends after so many seconds."""
        if deadline is None:
            end = time.monotonic() + (seconds or 10) * self.bench.slow

            def deadline():
                return end
        family, address = self.address()
        return Peer(family, address, deadline, **options)

    def ask(self, *args, **options):
        """One request on a connection of its own; the response."""
        with self.connect() as peer:
            return peer.ask(*args, **options)

    # ---- what it uses

    def rss_kib(self):
        """Of the workers."""
        return sum(map(wire_process.rss_kib, self.workers()))

    def cpu_seconds(self):
        """Of all its processes."""
        return sum(map(wire_process.cpu_seconds, [self.pid, *self.workers()]))

    def descriptors(self):
        """Of the workers."""
        return sum(map(wire_process.descriptors, self.workers()))

    def descriptors_of_all(self):
        return self.descriptors() + wire_process.descriptors(self.pid)

    def lets_go(self):
        """When all clients have left, no more descriptors are open than in the beginning."""
        end = time.monotonic() + 5 * self.bench.slow
        while self.process.poll() is None and self.descriptors_of_all() > self.descriptors_before:
            if time.monotonic() > end:
                raise Failed("descriptors stay open: %d, in the beginning %d" %
                             (self.descriptors_of_all(), self.descriptors_before))
            time.sleep(0.05)

    # ---- its end

    def signal(self, name, pid=None):
        os.kill(pid or self.pid, getattr(signal, "SIG" + name))

    def adopt(self, pid):
        """Another supervisor has taken over (USR2): this is the server from now on."""
        self.process = wire_process.Adopted(pid)

    def wait(self, seconds=None):
        """Wait for its end; the exit code, negative for a signal."""
        try:
            self.exit_code = self.process.wait(seconds or 15 * self.bench.slow)
        except subprocess.TimeoutExpired:
            raise Failed("the server does not end") from None
        return self.exit_code

    def stop(self):
        """End it as an operator does; Failed when that goes wrong or it was sick meanwhile."""
        if self.process is None:
            return
        try:
            if self.exit_code is None:
                self._end()
            self.leaves_nobody()
            self.leaves_nothing()
        finally:
            self.kill()
        sick = SICK.search(self.log())
        if not sick and not self.may_lose_workers:
            sick = DIED.search(self.log())
        if sick:
            raise Failed("the server's log says: %s" % sick.group(0))

    def _end(self):
        ended = self.process.poll()
        if ended is None:
            self.signal("TERM")
        code = self.wait()
        if ended is not None or code != 0:
            raise Failed("the server ended with %d%s" %
                         (code, " by itself" if ended is not None else " after TERM"))

    def leaves_nobody(self, seconds=None):
        """No process of it is left; those that the supervisor has left behind get a moment."""
        end = time.monotonic() + (seconds or 2 * self.bench.slow)
        while True:
            left = wire_process.group_of(self.group)
            if not left:
                return
            if time.monotonic() > end:
                raise Failed("the server has ended, these processes of it have not: %s" % left)
            time.sleep(0.01)

    def leaves_nothing(self):
        """No copy of a module is left; what was killed cannot help it."""
        left = [name for name in os.listdir(self.scratch) if name.startswith("cgw-serve")]
        if left and self.exit_code >= 0:
            raise Failed("the server has left %s behind" % left)

    def kill(self):
        """End it and what it has started, without asking."""
        if self.process is None:
            return
        try:
            os.killpg(self.group, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.bench.watch(self.group, False)
