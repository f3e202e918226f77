"""The language of the .wire files (see README): parsing it, and running its steps."""
import json
import os
import re
import shlex
import time

from wire_peer import Failed
from wire_server import Server

SETTINGS = {"rows", "app", "server", "env", "own", "starts", "timeout"}
SIMPLE = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", '"': b'"'}
WILD = {"date": rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct"
                rb"|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT", "any": rb"[^\r\n]*"}


class BadTest(Exception):
    """The test itself is wrong."""


# ---- strings

def unescape(text, wild=False):
    """Bytes of a text with escapes; with wild a regular expression for them, where \\{date} and
    \\{any} stand for what cannot be known."""
    out, i = bytearray(), 0

    def put(data):
        out.extend(re.escape(data) if wild else data)
    while i < len(text):
        if text[i] != "\\":
            put(text[i].encode("utf-8"))
            i += 1
            continue
        kind = text[i + 1:i + 2]
        if kind in SIMPLE and kind:
            put(SIMPLE[kind])
            i += 2
        elif kind == "x" and re.match("[0-9a-fA-F]{2}", text[i + 2:]):
            put(bytes([int(text[i + 2:i + 4], 16)]))
            i += 4
        elif kind == "{":
            end = text.find("}", i)
            inner = text[i + 2:end]
            repeat = re.fullmatch(r"(.*)\*(\d+)", inner, re.DOTALL)
            if end > 0 and wild and inner in WILD:
                out.extend(WILD[inner])
            elif end > 0 and repeat:
                put(unescape(repeat[1]) * int(repeat[2]))
            else:
                raise BadTest("bad \\{…}: %s" % text[i:i + 20])
            i = end + 1
        else:
            raise BadTest("bad escape: %s" % text[i:i + 4])
    return bytes(out)


def strings(text, wild=False):
    """The bytes of one or more quoted strings side by side."""
    out, rest = b"", text.strip()
    while rest:
        match = re.match(r'"((?:[^"\\]|\\.)*)"\s*', rest, re.DOTALL)
        if not match:
            raise BadTest('a string in "…" is due here: %s' % rest[:40])
        out += unescape(match[1], wild)
        rest = rest[match.end():]
    return out


def block_text(lines):
    """The text of lines behind '|': each ends in CRLF but one that ends in a lone backslash."""
    out = ""
    for line in lines:
        lone = re.search(r"(?<!\\)(?:\\\\)*\\$", line)
        out += line[:-1] if lone else line + "\\r\\n"
    return out


# ---- parsing

class Step:
    def __init__(self, number, text, block):
        self.number, self.block = number, block
        match = re.fullmatch(r"(?:@(\w+)\s+)?([a-z-]+)\s*(.*)", text, re.DOTALL)
        if not match or match[2] not in STEPS:
            raise BadTest("no such step: %s" % text)
        self.peer, self.verb, self.rest = match[1] or "a", match[2], match[3].strip()

    def data(self, wild=False):
        """What the step says as bytes: its strings, then its block."""
        return strings(self.rest, wild) + unescape(block_text(self.block), wild)

    def __str__(self):
        return " ".join([self.verb, self.rest] + ["| " + line for line in self.block[:1]])


def fill(text, values):
    return re.sub(r"\$([a-z]+)", lambda m: values.get(m[1], m[0]), text)


class Text:
    """One case of a .wire file."""

    long = False

    def __init__(self, path, title, settings, steps):
        self.name = "%s: %s" % (os.path.splitext(os.path.basename(path))[0], title)
        self.path, self.steps, self.settings = path, steps, settings
        self.rows = {int(row) for row in re.findall(r"\d+", settings.get("rows", ""))}
        self.factor = float(settings.get("timeout", 10))
        verbs = {step.verb for step in steps}
        self.alone = "own" in settings or "starts" in settings or bool(
            verbs & {"signal", "exit", "no-log", "refused"})
        if not self.rows or "app" not in settings:
            raise BadTest("%s names no %s" % (self.name, "app" if self.rows else "rows"))

    def setup(self):
        """What its server needs; cases with the same share one, unless they are alone."""
        env = tuple(tuple(word.split("=", 1)) for word in shlex.split(self.settings.get("env", "")))
        return (self.settings["app"], tuple(shlex.split(self.settings.get("server", ""))), env)

    def run(self, bench, server):
        if server is None:
            server = Server(bench, *self.setup())
            server.start(wait=self.settings.get("starts") != "no")
        return Player(self, bench, server)


def parse(path):
    """The cases of a file."""
    common, cases, current = {}, [], None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line.startswith("|"):
                if current is None or not current["steps"]:
                    raise BadTest("%s:%d: a block without a step" % (path, number))
                current["steps"][-1][2].append(line[2:] if line[1:2] == " " else line[1:])
                continue
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            current = _line(path, number, line, common, cases, current)
    return [text for case in cases for text in _instances(path, case)]


def _line(path, number, line, common, cases, current):
    setting = re.match(r"([a-z]+):\s*(.*)", line)
    if line.startswith("case "):
        current = {"title": line[5:].strip(), "settings": dict(common), "steps": [], "each": []}
        cases.append(current)
    elif setting and setting[1] in SETTINGS:
        (current["settings"] if current else common)[setting[1]] = setting[2]
    elif current is None:
        raise BadTest("%s:%d: 'case TITLE' is due before steps" % (path, number))
    elif line.startswith("each "):
        pairs = re.findall(r'([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))', line[5:])
        current["each"].append({name: quoted or plain for name, quoted, plain in pairs})
    else:
        current["steps"].append((number, line, []))
    return current


def _instances(path, case):
    for number, values in enumerate(case["each"] or [{}], 1):
        settings = {key: fill(value, values) for key, value in case["settings"].items()}
        steps = []
        for line_number, line, block in case["steps"]:
            try:
                steps.append(Step(line_number, fill(line, values), [fill(text, values) for text in block]))
            except BadTest as bad:
                raise BadTest("%s:%d: %s" % (path, line_number, bad)) from None
        title = fill(case["title"], values) + (" #%d" % number if case["each"] else "")
        yield Text(path, title, settings, steps)


# ---- running

class Player:
    """A case in play: its connections by name, and its server."""

    def __init__(self, text, bench, server):
        self.text, self.bench, self.server, self.peers = text, bench, server, {}
        self.end = time.monotonic() + text.factor * bench.slow

    def play(self):
        for step in self.text.steps:
            try:
                STEPS[step.verb](self, step)
            except Failed as failed:
                failed.args = ("%s:%d: %s: %s" % (os.path.basename(self.text.path), step.number,
                                                  str(step)[:100], failed),)
                raise

    def close(self):
        for peer in self.peers.values():
            peer.close()

    def stop(self):
        """End its own server."""
        try:
            self.server.stop()
        finally:
            self.server.kill()

    def peer(self, step):
        if step.peer not in self.peers:
            self.peers[step.peer] = self.server.connect(deadline=lambda: self.end)
        return self.peers[step.peer]

    # steps that send

    def connect(self, step):
        self.peers.pop(step.peer, None)
        self.peer(step)

    def send(self, step):
        self.peer(step).send(step.data())

    def drip(self, step):
        match = re.match(r"(\d+) every ([\d.]+)\s*", step.rest)
        if not match:
            raise BadTest("drip BYTES every SECONDS STRING")
        step.rest = step.rest[match.end():]
        self.peer(step).drip(step.data(), int(match[1]), float(match[2]) * self.bench.slow)

    def get(self, step):
        target, _, fields = step.rest.partition(" ")
        data = "GET %s HTTP/1.1\r\nhost: test\r\n" % (target or "/")
        for field in re.findall(r'"((?:[^"\\]|\\.)*)"', fields):
            data += unescape(field).decode("latin-1") + "\r\n"
        self.peer(step).send(data.encode("latin-1") + b"\r\n")

    def pause(self, step):
        time.sleep(float(step.rest) * self.bench.slow)

    def half_close(self, step):
        self.peer(step).half_close()

    def close_peer(self, step):
        self.peer(step).close()

    def reset(self, step):
        self.peer(step).reset()

    # steps that look at what came

    def expect(self, step):
        self.peer(step).match(step.data(wild=True))

    def exactly(self, step):
        self.peer(step).exactly(step.data())

    def status(self, step):
        words = step.rest.split(None, 1)
        response = self.peer(step).head()
        if str(response.status) not in words[0].split("|"):
            raise Failed("got %d, fields %s" % (response.status, response.fields))
        if len(words) == 2 and response.reason.encode() != strings(words[1]):
            raise Failed("got the reason %r" % response.reason)

    def _response(self, step):
        response = self.peer(step).response
        if response is None:
            raise BadTest("a 'status' is due before '%s'" % step.verb)
        return response

    def header(self, step):
        match = re.fullmatch(r"([a-z0-9_-]+)\s*(?:(:|~)\s*(.*))?", step.rest)
        if not match:
            raise BadTest("header NAME, NAME: VALUE or NAME ~ PATTERN")
        values = self._response(step).all(match[1])
        if match[2] == ":":
            good = match[3] in values
        elif match[2] == "~":
            good = any(re.search(match[3], value) for value in values)
        else:
            good = bool(values)
        if not good:
            raise Failed("got %s" % (values or "no such field"))

    def headers(self, step):
        name, _, wanted = step.rest.partition(":")
        values = self._response(step).all(name)
        if values != [value.strip() for value in wanted.split("|")]:
            raise Failed("got %s" % values)

    def no_header(self, step):
        values = self._response(step).all(step.rest)
        if values:
            raise Failed("got %s" % values)

    def body(self, step):
        response, peer = self._response(step), self.peer(step)
        body = peer.body()
        if response.cut:
            raise Failed("the body is cut after %d bytes" % len(body))
        if step.rest.startswith("~"):
            good = re.search(unescape_pattern(step.rest[1:]), body, re.DOTALL)
        elif step.rest.startswith("length "):
            good = len(body) == int(step.rest[7:])
        elif step.rest.startswith("without "):
            good = not re.search(unescape_pattern(step.rest[8:]), body, re.DOTALL)
        else:
            good = body == step.data()
        if not good:
            raise Failed("got %d bytes: %r" % (len(body), body[:600]))

    def json(self, step):
        path, _, wanted = step.rest.partition(" ")
        body = self.peer(step).body()
        try:
            value = json.loads(body)
            for key in path.split("."):
                value = value[int(key)] if isinstance(value, list) else value[key]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise Failed("%r in %s" % (error, body[:600])) from None
        if value != json.loads(wanted):
            raise Failed("got %s" % json.dumps(value)[:600])

    def no_body(self, step):
        self._response(step)
        self.peer(step).no_body()

    def cut(self, step):
        peer = self.peer(step)
        body = peer.body()
        if not self._response(step).cut:
            raise Failed("the body is complete: %r" % body[:200])
        if step.rest and body != step.data():
            raise Failed("got %r" % body[:600])

    def closed(self, step):
        self.peer(step).closed()

    def open(self, step):
        self.peer(step).open()

    def refused(self, step):
        while True:
            try:
                self.server.connect(seconds=1).close()
            except OSError:
                return
            if time.monotonic() > self.end:
                raise Failed("the server still takes connections")
            time.sleep(0.02)

    # steps about the server

    def signal(self, step):
        self.server.signal(step.rest)

    def eventually(self, step):
        """Ask, each time on a new connection, until the body has the pattern."""
        target, _, pattern = step.rest.partition(" ~ ")
        while True:
            body = self.server.ask(target).body
            if re.search(unescape_pattern(pattern), body):
                return
            if time.monotonic() > self.end:
                raise Failed("got %r" % body[:600])
            time.sleep(0.02)

    def exit(self, step):
        code = self.server.wait(max(0.1, self.end - time.monotonic()))
        if str(code) not in step.rest.split("|"):
            raise Failed("it ended with %d" % code)

    def log(self, step):
        self.server.wait_log(step.rest, max(0.1, self.end - time.monotonic()))

    def no_log(self, step):
        found = re.search(step.rest, self.server.log(), re.MULTILINE)
        if found:
            raise Failed("the log says: %s" % found.group(0))

    def access(self, step):
        self.server.wait_access(step.rest, max(0.1, self.end - time.monotonic()))


def unescape_pattern(text):
    return text.strip().encode("utf-8")


STEPS = {"connect": Player.connect, "send": Player.send, "drip": Player.drip, "get": Player.get,
         "pause": Player.pause, "half-close": Player.half_close, "close": Player.close_peer,
         "reset": Player.reset, "expect": Player.expect, "exactly": Player.exactly,
         "status": Player.status, "header": Player.header, "headers": Player.headers,
         "no-header": Player.no_header, "body": Player.body, "json": Player.json,
         "no-body": Player.no_body, "cut": Player.cut, "closed": Player.closed,
         "open": Player.open, "eventually": Player.eventually, "refused": Player.refused, "signal": Player.signal,
         "exit": Player.exit, "log": Player.log, "no-log": Player.no_log, "access": Player.access}
