"""The client's side of a wire test: one socket, what came in on it, and responses taken from that.

Nothing here is lenient: each response must have a well-formed head with lower-case names and one
framing, whatever the test asks about.
"""
import re
import socket
import struct
import threading
import time


class Failed(Exception):
    """The server did something else than the test says."""


def shown(data, most=400):
    """Bytes for a person: escaped, shortened in the middle."""
    if len(data) > most:
        half = most // 2
        return "%s …(%d bytes)… %s" % (shown(data[:half]), len(data), shown(data[-half:]))
    return repr(bytes(data))[1:]


class Response:
    """A response's head; the body is there once Peer.body() has read it."""

    def __init__(self, raw, strict=True):
        self.raw = raw
        if not strict:
            raw = re.sub(rb"\r\n[A-Za-z-]+:", lambda name: name[0].lower(), raw)
        lines = raw[:-4].split(b"\r\n")
        match = re.fullmatch(rb"HTTP/1\.1 ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)", lines[0])
        if not match:
            raise Failed("not a status line: %s" % shown(lines[0]))
        self.status, self.reason = int(match[1]), match[2].decode("latin-1")
        self.fields = [self._field(line) for line in lines[1:]]
        lengths, codings = self.all("content-length"), self.all("transfer-encoding")
        if lengths and codings:
            raise Failed("both content-length and transfer-encoding: %s" % shown(raw))
        if len(lengths) > 1 or len(codings) > 1 or len(self.all("connection")) > 1:
            raise Failed("a framing field twice: %s" % shown(raw))
        if lengths and not re.fullmatch(r"\d+", lengths[0]):
            raise Failed("bad content-length: %s" % shown(raw))
        if (self.status < 200 or self.status == 204) and (codings or lengths):
            raise Failed("%d with a framing field: %s" % (self.status, shown(raw)))
        self.body, self.cut = None, False

    @staticmethod
    def _field(line):
        match = re.fullmatch(rb"([!#$%&'*+.^_`|~0-9a-z-]+): ?([\t\x20-\x7e\x80-\xff]*)", line)
        if not match:
            raise Failed("not a field with a lower-case name: %s" % shown(line))
        return match[1].decode(), match[2].decode("latin-1").strip(" \t")

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    @property
    def bodiless(self):
        return self.status < 200 or self.status in (204, 304)


class Peer:
    """A connection to the server under test."""

    def __init__(self, family, address, deadline, receive_buffer=None, strict=True):
        self.strict = strict  # False: a proxy that may write names in any case
        self.deadline = deadline  # a function: the monotonic time by which all waiting ends
        self.buf, self.eof, self.was_reset = bytearray(), False, False
        self.sent, self.got = bytearray(), bytearray()  # for the report: their beginnings
        self.response = None
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if family != socket.AF_UNIX:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(self.left())
        self.sock.connect(address)

    def left(self):
        return max(0.01, self.deadline() - time.monotonic())

    # ---- out

    def send(self, data):
        """Send all; a server that has closed meanwhile is for the expectations to judge."""
        self.sent += data[:max(0, 4000 - len(self.sent))]
        self.sock.settimeout(self.left())
        try:
            self.sock.sendall(data)
        except TimeoutError:
            raise Failed("the server did not take all bytes in time") from None
        except OSError:
            return False
        return True

    def drip(self, data, step, seconds):
        for i in range(0, len(data), step):
            if i:
                time.sleep(seconds)
            if not self.send(data[i:i + step]):
                return

    def send_later(self, data):
        """Send from a thread, for a server that answers before it has read everything."""
        thread = threading.Thread(target=lambda: self._quietly(data), daemon=True)
        thread.start()
        return thread

    def _quietly(self, data):
        try:
            self.send(data)
        except Failed:
            pass

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- in

    def fill(self, seconds=None):
        """Wait for more bytes; False at the end of the stream; Failed when nothing comes in time."""
        if self.eof:
            return False
        self.sock.settimeout(self.left() if seconds is None else seconds)
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise Failed("nothing came in time") from None
        except OSError:
            self.eof = self.was_reset = True
            return False
        self.got += data[:max(0, 4000 - len(self.got))]
        self.buf += data
        self.eof = not data
        return not self.eof

    def _take(self, n):
        data = bytes(self.buf[:n])
        del self.buf[:n]
        return data

    def head(self):
        """The next response's head; a body not yet read is passed over first."""
        if self.response is not None and self.response.body is None:
            self.body()
        while True:
            end = self.buf.find(b"\r\n\r\n")
            if end >= 0:
                break
            if not self.fill():
                raise Failed("closed%s where a response was due, after %s" %
                             (" by reset" if self.was_reset else "", shown(self.buf)))
        self.response = Response(self._take(end + 4), self.strict)
        if self.response.bodiless:
            self.response.body = b""
        return self.response

    def no_body(self):
        """This response has no body, though its head may speak of one (HEAD)."""
        self.response.body = b""

    def body(self, keep=True):
        """The body of the current response; a cut one sets response.cut."""
        response = self.response
        if response.body is not None:
            return response.body
        if response.all("transfer-encoding") == ["chunked"]:
            data = self._chunks(response)
        elif response.get("content-length") is not None:
            data = self._exactly(int(response.get("content-length")), response)
        else:
            data = self._rest(response)
        response.body = data
        return data

    def _exactly(self, n, response):
        while len(self.buf) < n:
            if not self.fill():
                response.cut = True
                break
        return self._take(n)

    def _rest(self, response):
        while self.fill():
            pass
        response.cut = self.was_reset
        return self._take(len(self.buf))

    def _line(self):
        while True:
            end = self.buf.find(b"\r\n")
            if end >= 0:
                return self._take(end + 2)[:-2]
            if not self.fill():
                return None

    def _chunks(self, response):
        data, response.trailers = bytearray(), []
        while True:
            line = self._line()
            if line is None:
                response.cut = True
                return bytes(data)
            if not re.fullmatch(rb"[0-9a-f]{1,16}", line):
                raise Failed("bad chunk size line: %s" % shown(line))
            size = int(line, 16)
            if size == 0:
                return self._trailers(bytes(data), response)
            data += self._exactly(size, response)
            if response.cut:
                return bytes(data)
            if self._line() != b"":
                if self.eof:
                    response.cut = True
                    return bytes(data)
                raise Failed("no CRLF behind a chunk")

    def _trailers(self, data, response):
        while True:
            line = self._line()
            if line is None:
                response.cut = True
                return data
            if line == b"":
                return data
            response.trailers.append(Response._field(line))

    def drain(self, most=None, seconds=None):
        """Read and forget a body until so many bytes or the end; the number of bytes."""
        if self.response is not None:
            self.response.body = b""
        total = len(self.buf)
        self.buf.clear()
        while (most is None or total < most) and self.fill(seconds):
            total += len(self.buf)
            self.buf.clear()
        return total

    def match(self, pattern):
        """The pattern (anchored) against the next bytes; waits while it might still match."""
        while True:
            found = re.match(pattern, self.buf, re.DOTALL)
            if found:
                self._take(found.end())
                return
            try:
                if self.fill():
                    continue
            except Failed:
                pass
            raise Failed("expected %s, got %s%s" % (pattern.decode("latin-1"), shown(self.buf),
                                                    " and the end" if self.eof else ""))

    def exactly(self, data):
        """These bytes and no others come next."""
        while len(self.buf) < len(data) and bytes(self.buf) == data[:len(self.buf)] and self.fill():
            pass
        if self._take(len(data)) != data:
            raise Failed("other bytes than expected")

    def closed(self):
        """The server closes, and nothing more comes."""
        if self.response is not None and self.response.body is None:
            self.body()
        while not self.eof:
            try:
                self.fill()
            except Failed:
                raise Failed("the connection stays open") from None
        if self.buf:
            raise Failed("more bytes before the end: %s" % shown(self.buf))

    def open(self, seconds=0.1):
        """The server neither closes nor says anything more, as far as a short look can tell."""
        if self.response is not None and self.response.body is None:
            self.body()
        if self.eof:
            raise Failed("the connection is closed")
        if not self.buf:
            try:
                if not self.fill(seconds):
                    raise Failed("the connection is closed")
            except Failed as failed:
                if "in time" not in str(failed):
                    raise
                return
        raise Failed("unexpected bytes: %s" % shown(self.buf))

    # ---- whole exchanges, for scripted cases

    def request(self, target="/", method="GET", fields=(), body=None, version="1.1"):
        """Send a request."""
        lines = ["%s %s HTTP/%s" % (method, target, version), "host: test"]
        lines += ["%s: %s" % field for field in fields]
        if body is not None:
            lines.append("content-length: %d" % len(body))
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))

    def ask(self, target="/", method="GET", fields=(), body=None):
        """Send a request and read its final response."""
        self.request(target, method, fields, body)
        while self.head().status < 200:
            pass
        if method == "HEAD":
            self.no_body()
        self.body()
        if self.response.cut:
            raise Failed("%s %s: the body is cut" % (method, target))
        return self.response
