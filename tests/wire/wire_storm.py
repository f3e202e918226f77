"""Clients of sdk_stress: each asks for something, checks all that it gets, and some leave half-way.

A Storm runs many of them at once for so many seconds. Those that stay must be answered rightly; those
that leave choose where: in the head, in the body, before the answer, in the answer, with or without a
reset, or only their own direction of the connection.
"""
import asyncio
import collections
import os
import random
import re
import socket
import struct

LETTERS = bytes(range(97, 123))
PATIENCE_S = 20


class Lost(Exception):
    """An answer that is not what it should be."""


class Gone(Exception):
    """The server has closed the connection before the first byte of an answer."""


def letters(first, n):
    at = LETTERS.index(first)
    return (LETTERS * (n // 26 + 2))[at:at + n]


class Ask:
    """A request, and what its answer may be: {status: body, or a function of it, or None: any}."""

    def __init__(self, target, answers, body=None, method=None, pieces=0, may_break=False):
        self.method = method or ("GET" if body is None else "POST")
        self.target, self.answers, self.may_break = target, answers, may_break
        head = "%s %s HTTP/1.1\r\nhost: test\r\n" % (self.method, target)
        if body is None:
            framing, sent = "", b""
        elif pieces:
            framing = "transfer-encoding: chunked\r\n"
            sent = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + pieces]), body[at:at + pieces])
                            for at in range(0, len(body), pieces)) + b"0\r\n\r\n"
        else:
            framing, sent = "content-length: %d\r\n" % len(body), body
        self.head, self.body = (head + framing + "\r\n").encode(), sent

    def judge(self, status, body):
        if status not in self.answers:
            raise Lost("%s: status %d %r" % (self.target, status, body[:200]))
        wanted = self.answers[status]
        good = wanted(body) if callable(wanted) else wanted is None or body == wanted
        if not good:
            raise Lost("%s: %d bytes: %r" % (self.target, len(body), body[:200]))


# ---- what may be asked

def _sizes(rng):
    return rng.choice((0, 1, 10, 900, 5000, 70000))


def _whole(rng, path, more="", **answers):
    """path?from=…&n=…: that many letters."""
    first, n = rng.choice(LETTERS), _sizes(rng)
    wanted = {200: letters(first, n), **{int(key[1:]): value for key, value in answers.items()}}
    return Ask("%s?from=%c&n=%d%s" % (path, first, n, more), wanted)


def _stream(rng, path):
    return _whole(rng, path, "&piece=%d&ms=%d" % (rng.choice((700, 20000)), rng.randrange(2)), s503=None)


def _echo(rng, path, limit=None, may_break=False):
    body = letters(rng.choice(LETTERS), _sizes(rng))
    answers = {200: body, 503: None}
    if limit is not None and len(body) > limit:
        answers = {500: None, 200: None} if may_break else {413: None}
    return Ask(path, answers, body, pieces=rng.choice((0, 0, 100, 40000)), may_break=may_break)


def _events(rng, path):
    n = rng.randrange(5)

    def good(body):
        said = re.sub(rb"(?m)^: ping\n\n", b"", body)
        return said == b"".join(b"data: %d\n\n" % i for i in range(n))
    return Ask("%s?n=%d&ms=%d" % (path, n, rng.randrange(4)), {200: good, 503: None})


def _head(rng, path):
    return Ask("%s?n=%d&piece=100" % (path, rng.choice((0, 10, 5000))), {200: b"", 204: b"", 503: b""}, method="HEAD")


def _gather(rng, path):
    n = rng.randrange(1, 8)
    return Ask("%s?n=%d&ms=%d" % (path, n, rng.randrange(3)), {200: letters(97, n), 503: None})


ASKS = [
    (6, lambda rng: _whole(rng, "/whole")),
    (3, lambda rng: _whole(rng, "/whole-sync", "&ms=%d" % rng.randrange(4), s503=None)),
    (3, lambda rng: _whole(rng, "/slow", "&ms=%d" % rng.randrange(20))),
    (2, lambda rng: _whole(rng, "/slow-sync", "&ms=%d" % rng.randrange(20), s503=None)),
    (2, lambda rng: _whole(rng, "/blocking", "&ms=%d" % rng.randrange(5), s503=None)),
    (1, lambda rng: Ask("/none?n=%d" % rng.randrange(2), {204: b"", 304: b""})),
    (3, lambda rng: _echo(rng, "/echo")),
    (2, lambda rng: _echo(rng, "/echo-sync")),
    (2, lambda rng: _echo(rng, "/small", 1000)),
    (3, lambda rng: _echo(rng, "/pipe")),
    (2, lambda rng: _echo(rng, "/pipe-sync")),
    (2, lambda rng: _echo(rng, "/pipe-small", 1000, True)),
    (2, lambda rng: _echo(rng, "/layered")),
    (2, lambda rng: Ask("/impatient", {200: b"3000"}, letters(97, 3000), pieces=rng.choice((0, 300)))),
    (3, lambda rng: _stream(rng, "/stream")),
    (2, lambda rng: _stream(rng, "/stream-sync")),
    (1, lambda rng: Ask("/half?n=%d" % _sizes(rng), {200: None, 500: None}, may_break=True)),
    (3, lambda rng: _events(rng, "/events")),
    (2, lambda rng: _events(rng, "/events-sync")),
    (2, lambda rng: _whole(rng, "/by-hand")),
    (1, lambda rng: Ask("/closed", {403: None})),
    (1, lambda rng: Ask("/nothing", {500: None})),
    (1, lambda rng: Ask("/nowhere", {404: None})),
    (1, lambda rng: Ask("/late", {504: None})),
    (1, lambda rng: Ask("/late-sync", {504: None, 503: None})),
    (1, lambda rng: _head(rng, rng.choice(("/whole", "/stream", "/stream-sync", "/events", "/events-sync")))),
    (2, lambda rng: _gather(rng, "/gather")),
    (2, lambda rng: _gather(rng, "/gather-sync")),
    (2, lambda rng: _whole(rng, "/need")),
    (2, lambda rng: _whole(rng, "/need-sync", s503=None)),
    (1, lambda rng: _whole(rng, "/need-late", "&ms=%d" % rng.randrange(5), s504=None)),
    (3, lambda rng: _whole(rng, "/after")),
    (2, lambda rng: _whole(rng, "/after-sync", s503=None)),
    (2, lambda rng: _whole(rng, "/spawns")),
]
BIG = 4 << 20


def choose(rng):
    return rng.choices([ask for _, ask in ASKS], [weight for weight, _ in ASKS])[0](rng)


# ---- one connection

class Line:
    """A connection, and answers read from it."""

    @classmethod
    async def open(cls, address, small=False):
        line = cls()
        sock = socket.socket(address[0], socket.SOCK_STREAM)
        if small:  # what is sent to it waits
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().sock_connect(sock, address[1])
        except OSError:
            sock.close()
            raise
        line.sock, line.data, line.story = sock, bytearray(), []
        return line

    def close(self, reset=False):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def is_closed(self):
        try:
            return self.sock.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    async def send(self, data):
        await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def more(self, most=65536):
        piece = await asyncio.get_running_loop().sock_recv(self.sock, most)
        if not piece:
            raise Lost("the connection ended in the answer") if self.data else Gone()
        self.data += piece

    async def take(self, n):
        while len(self.data) < n:
            await self.more()
        piece = bytes(self.data[:n])
        del self.data[:n]
        return piece

    async def until(self, end):
        while (at := self.data.find(end)) < 0:
            await self.more()
        return await self.take(at + len(end))

    async def chunks(self):
        body = bytearray()
        while (n := int(await self.until(b"\r\n"), 16)):
            body += await self.take(n)
            await self.take(2)
        await self.take(2)
        return bytes(body)

    async def answer(self, ask):
        """Read one and judge it; True: the connection goes on."""
        head = await self.until(b"\r\n\r\n")
        lines = head[:-4].split(b"\r\n")
        status = int(lines[0].split()[1])
        fields = dict(line.split(b": ", 1) for line in lines[1:])
        try:
            if ask.method == "HEAD" or status in (204, 304):
                body = b""
            elif fields.get(b"transfer-encoding") == b"chunked":
                body = await self.chunks()
            else:
                body = await self.take(int(fields[b"content-length"]))
        except (Gone, Lost, ConnectionError):
            if ask.may_break:
                return False
            raise Lost("%s: status %d, and the body ends" % (ask.target, status)) from None
        ask.judge(status, body)
        self.story.append("%s %d" % (ask.target, status))
        return fields.get(b"connection") != b"close"


# ---- many

class Storm:
    """Clients of a server for some seconds; leave: how many of a hundred requests are left half-way."""

    def __init__(self, server, clients, seed=None, leave=30, asks=choose):
        self.address, self.clients, self.leave, self.asks = server.address(), clients, leave, asks
        self.patience = PATIENCE_S * server.bench.slow
        self.seed = seed or int(os.environ.get("CGW_STRESS_SEED", "0")) or random.randrange(1, 1 << 32)
        self.counts, self.lost, self.ends = collections.Counter(), [], False

    async def client(self, number):
        rng = random.Random(self.seed + number)
        while not self.ends:
            try:
                line = await Line.open(self.address, rng.random() < 0.1)
            except OSError as error:
                self.lost.append("cannot connect: %r" % error)
                return
            try:
                while not self.ends and not line.is_closed():
                    if not await asyncio.wait_for(self.visit(rng, line), self.patience):
                        break
            except asyncio.TimeoutError:
                self.lost.append("no answer for ever")
            finally:
                line.close(rng.random() < 0.3)

    async def visit(self, rng, line):
        """One request, or several at once; True: the connection goes on."""
        if rng.randrange(100) < self.leave:
            await self.leave_half_way(rng, line)
            return False
        asks = [self.asks(rng) for _ in range(rng.choice((1, 1, 1, 3)))]
        if any(ask.may_break for ask in asks):  # which takes along what is on its way before it
            asks = asks[:1]
        goes_on = True
        try:
            sender = asyncio.ensure_future(self.send(rng, line, asks))
            try:
                for ask in asks:
                    self.counts["asked"] += 1
                    goes_on = await line.answer(ask)
                    self.counts["answered"] += 1
                    if not goes_on:
                        break
                if goes_on:  # an answer may come before all of its request is sent
                    await sender
            finally:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
        except (Lost, Gone, ConnectionError, ValueError, KeyError) as error:
            self.lost.append("%s of %s, behind %s: %r" % (ask.target, [other.target for other in asks],
                                                          line.story[-3:], error))
            return False
        return goes_on and rng.random() < 0.9

    async def send(self, rng, line, asks):
        for ask in asks:
            data = ask.head + ask.body
            if rng.random() < 0.2:  # in two pieces
                at = rng.randrange(len(data))
                await line.send(data[:at])
                await asyncio.sleep(rng.random() * 0.005)
                data = data[at:]
            await line.send(data)

    async def leave_half_way(self, rng, line):
        """Send so much, read so much, and go."""
        big = Ask("/whole?n=%d" % BIG, {}) if rng.random() < 0.2 else self.asks(rng)
        data = big.head + big.body
        ends = (rng.randrange(len(big.head)), len(big.head), rng.randrange(len(data)), len(data), len(data))
        self.counts["left"] += 1
        try:
            await asyncio.wait_for(line.send(data[:rng.choice(ends)]), 1)
            if rng.random() < 0.3:
                line.sock.shutdown(socket.SHUT_WR)
            await asyncio.sleep(rng.random() * 0.01)
            if rng.random() < 0.5:
                await asyncio.wait_for(line.more(rng.choice((1, 100, 65536))), 0.05)
        except (OSError, Gone, asyncio.TimeoutError):
            pass

    async def run(self, seconds, during=None):
        clients = [asyncio.ensure_future(self.client(n)) for n in range(self.clients)]
        if during:
            await asyncio.get_running_loop().run_in_executor(None, during)
        else:
            await asyncio.sleep(seconds)
        self.ends = True
        await asyncio.gather(*clients)

    def blow(self, seconds, during=None):
        """For so long, or while during() does something; every answer must be right."""
        asyncio.run(self.run(seconds, during))
        if self.lost:
            raise Lost("seed %d: %d of %s went wrong:\n  %s" % (self.seed, len(self.lost), dict(self.counts),
                                                              "\n  ".join(self.lost[:10])))
