"""What scripted cases stand on: functions case_row_NNN_… in script_*.py, for what a text cannot say.

    @serves("probe", "--timeout-send", "0.5")
    def case_row_110_send_stalls(server):
        ...

gets a server that it shares with the cases that want the same; with own=True, or without the
decorator (the parameter is then the Lab, to start servers with), it has its own.
"""
import re
import time

from wire_peer import Failed
from wire_server import Server


class Skip(Exception):
    """The case cannot run here, for a reason that is not the server's."""


def serves(app, *options, env=(), own=False):
    """What server the function wants."""
    def mark(function):
        function.wants, function.own = (app, options, tuple(env)), own
        return function
    return mark


def long(function):
    """Begin it early: it takes longest."""
    function.long = True
    return function


def need(good, why):
    """Like assert, but says why."""
    if not good:
        raise Failed(why)


def until(predicate, why, seconds=10):
    """Wait until the predicate holds; what it answered."""
    end = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(why)
        time.sleep(0.01)


class Script:
    """A scripted case, in the shape that the runner wants."""

    def __init__(self, stem, name, function):
        self.function = function
        title = re.sub(r"^case_(rows?_)?(\d+_)*", "", name).replace("_", " ")
        numbers = re.match(r"case_rows?_((?:\d+_)*)", name)
        self.rows = {int(n) for n in numbers[1].split("_") if n} if numbers else set()
        self.name = "%s: %s %s" % (stem[7:], " ".join(map(str, sorted(self.rows))), title)
        self.wants = getattr(function, "wants", None)
        self.alone = self.wants is None or function.own
        self.long = getattr(function, "long", False)

    def setup(self):
        return self.wants or ("", (), ())

    def run(self, bench, server):
        return Lab(self, bench, server)


class Lab:
    """A scripted case in play; given to it where it starts its servers itself."""

    def __init__(self, script, bench, server):
        self.script, self.bench, self.servers = script, bench, []
        self.slow, self.sanitized = bench.slow, bench.sanitized
        self.shared = server

    def play(self):
        if self.script.wants is None:
            self.script.function(self)
        else:
            self.script.function(self.shared or self.serve(*self.script.wants))

    def serve(self, app, options=(), env=(), wait=True, may_lose_workers=False, **more):
        """Start a server."""
        server = Server(self.bench, app, options, tuple(dict(env).items()), **more)
        server.may_lose_workers = may_lose_workers
        self.servers.append(server)
        return server.start(wait)

    def close(self):
        if self.shared:
            self.servers.append(self.shared)

    def stop(self):
        """End all that it has started; each must end well, or have been waited for."""
        failure = None
        for server in self.servers:
            try:
                server.stop()
            except Failed as failed:
                failure = failed
                server.kill()
        if failure:
            raise failure
