"""A crowd of clients that ask and ask, in a thread of its own, while a test does things to the server.

Every request must be answered correctly. A request is excused only where it ran in a worker that was
killed: kill_worker() stops the worker first, reads from the kernel which connections it has accepted,
and tells the crowd; what breaks on those, and on no others, is the killed worker's.
"""
import asyncio
import collections
import os
import random
import signal
import socket
import threading
import time
import zlib

import wire_process
from wire_peer import Failed, shown

PATIENCE_S = 20
SLOW_S = 0.02  # between the pieces of a slow client


class Lost(Exception):
    """A request that was not answered as it should be."""


class Request:
    """What to send, and what the answer's body must be: bytes, or a function of the body."""

    def __init__(self, target, body=None, expect=None):
        self.name, self.expect = target, expect
        method = "GET" if body is None else "POST"
        length = "" if body is None else "content-length: %d\r\n" % len(body)
        head = "%s %s HTTP/1.1\r\nhost: test\r\n%s\r\n" % (method, target, length)
        self.data = head.encode("ascii") + (body or b"")

    def is_answer(self, body):
        return self.expect(body) if callable(self.expect) else body == self.expect


def alphabet(size):
    return (b"abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1))[:size]


def upload(size):
    body = os.urandom(size)
    wanted = b"length %d crc32 %08x " % (size, zlib.crc32(body))
    return Request("/read-body", body, lambda got: got.startswith(wanted))


HELLO = Request("/hello", expect=b"Hello, world!\n")
SHORT = [HELLO, Request("/sleep?ms=3", expect=b"slept\n"), HELLO,
         Request("/large?size=30000", expect=alphabet(30000)), upload(5000)]
SYNC = Request("/thread?ms=10", expect=b"threaded 0\n")
UPLOAD = upload(300000)
STREAM = Request("/stream?n=20&size=5000&cl=1", expect=alphabet(5000) * 20)


class Connection:
    """One connection; made and used on the crowd's loop, marked from outside."""

    def __init__(self, crowd):
        self.crowd, self.is_excused, self.answers = crowd, False, 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with crowd.lock:  # who marks ports sees this one whenever the server can have it
            self.sock.connect_ex(crowd.address)
            self.port = self.sock.getsockname()[1]
            crowd.connections.add(self)

    def close(self):
        with self.crowd.lock:
            self.crowd.connections.discard(self)
        self.sock.close()

    def is_closed(self):
        """The server has closed it, between two requests."""
        try:
            return self.sock.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    async def exchange(self, request, step=0):
        """One request and its answer, step bytes at a time; True: the connection goes on."""
        loop = asyncio.get_running_loop()
        data = request.data
        for start in range(0, len(data), step or len(data)):
            await loop.sock_sendall(self.sock, data[start:start + (step or len(data))])
            if step:
                await asyncio.sleep(SLOW_S)
        head, body = await self._head(loop)
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise Lost("answered %s" % shown(head.split(b"\r\n")[0]))
        left = int(fields[b"content-length"]) - len(body)
        while left > 0:
            piece = await self._read(loop, 8192 if step else 262144, body)
            body += piece
            left -= len(piece)
            if step:
                await asyncio.sleep(SLOW_S)
        if left < 0 or not request.is_answer(bytes(body)):
            raise Lost("another body: %s" % shown(body, 80))
        self.answers += 1
        return fields.get(b"connection", b"") != b"close"

    async def _read(self, loop, most, before):
        piece = await loop.sock_recv(self.sock, most)
        if not piece:
            raise Lost("closed after %d bytes of the answer" % len(before))
        return piece

    async def _head(self, loop):
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += await self._read(loop, 65536, data)
        return bytes(data[:end]), data[end + 4:]


class Crowd:
    """Clients of one server. kinds: how many of each; see the functions below."""

    def __init__(self, server, keep=0, fresh=0, slow=0, uploads=0, sync=0, idle=0, requests=None):
        family, self.address = server.address()
        if family != socket.AF_INET:
            raise Failed("a crowd needs a port")
        self.server, self.requests = server, requests or SHORT
        self.lock, self.connections = threading.Lock(), set()
        self.patience = PATIENCE_S * server.bench.slow
        self.asked = self.answered = self.excused = 0
        self.lost, self.by_kind = [], collections.Counter()
        self.ends = threading.Event()
        self.clients = [(kind, number) for kind, count in
                        ((_keep, keep), (_fresh, fresh), (_slow, slow), (_uploads, uploads),
                         (_sync, sync), (_idle, idle)) for number in range(count)]
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """No more requests; wait for the answers that are due."""
        self.ends.set()
        self.thread.join(self.patience + 5)

    async def _run(self):
        await asyncio.gather(*(kind(self, number) for kind, number in self.clients))

    def excuse(self, ports):
        """A worker is about to be killed: these are its clients."""
        with self.lock:
            for connection in self.connections:
                if connection.port in ports:
                    connection.is_excused = True

    async def ask(self, kind, connection, request, step=0):
        """Ask and count; True: the connection goes on."""
        self.asked += 1
        try:
            goes_on = await asyncio.wait_for(connection.exchange(request, step), self.patience)
            self.answered += 1
            self.by_kind[kind] += 1
            return goes_on
        except (Lost, OSError, asyncio.TimeoutError) as error:
            if connection.is_excused and not isinstance(error, asyncio.TimeoutError):
                self.excused += 1
            else:
                self.lost.append("%s %s from port %d, answer %d of its connection: %s" %
                                 (time.strftime("%H:%M:%S"), request.name, connection.port,
                                  connection.answers, repr(error)))
            await asyncio.sleep(0.01)
            return False

    async def asks_for_life(self, kind, choose, pause, step=0):
        """Ask on one connection after the other, each as long as the server keeps it."""
        while not self.ends.is_set():
            connection = Connection(self)
            try:
                while not self.ends.is_set() and not connection.is_closed():
                    if not await self.ask(kind, connection, choose(), step):
                        break
                    await asyncio.sleep(pause())
            finally:
                connection.close()

    def wait_answers(self, more, seconds=None):
        """Wait until so many more were answered, or one was lost."""
        end = time.monotonic() + (seconds or self.patience)
        wanted = self.answered + more
        while self.answered < wanted and not self.lost:
            if time.monotonic() > end:
                raise Failed("only %d answers came, not %d more" % (self.answered, more))
            time.sleep(0.01)

    def judge(self, least=1):
        """All is well, and it was no small thing."""
        if self.thread.is_alive():
            raise Failed("the crowd waits for answers for ever")
        if self.lost:
            raise Failed("%d of %d requests lost:\n  %s" %
                         (len(self.lost), self.asked, "\n  ".join(self.lost[:10])))
        if self.answered + self.excused != self.asked or self.answered < least:
            raise Failed("%d asked, %d answered, %d excused, %d were due" %
                         (self.asked, self.answered, self.excused, least))


async def _keep(crowd, number):
    """Keep-alive, one request behind the other."""
    turn = [number]

    def choose():
        turn[0] += 1
        return crowd.requests[turn[0] % len(crowd.requests)]
    await crowd.asks_for_life("keep", choose, lambda: 0.001)


async def _idle(crowd, number):
    """Keep-alive with pauses: a person."""
    await crowd.asks_for_life("idle", lambda: HELLO, lambda: 0.05 + random.random() * 0.3)


async def _fresh(crowd, number):
    """A connection for each request."""
    while not crowd.ends.is_set():
        connection = Connection(crowd)
        try:
            await crowd.ask("fresh", connection, crowd.requests[number % len(crowd.requests)])
        finally:
            connection.close()
        number += 1
        await asyncio.sleep(0.005)


async def _slow(crowd, number):
    """Its request comes in pieces, and it reads in small ones."""
    request = STREAM if number % 2 else HELLO
    await crowd.asks_for_life("slow", lambda: request, lambda: 0.01, step=16)


async def _uploads(crowd, number):
    await crowd.asks_for_life("uploads", lambda: UPLOAD, lambda: 0.02)


async def _sync(crowd, number):
    """Calls that take a thread of the pool."""
    await crowd.asks_for_life("sync", lambda: SYNC, lambda: 0.005)


def kill_worker(server, pid, crowds=()):
    """Kill a worker; the crowds know which of their requests go with it. How many connections it had."""
    os.kill(pid, signal.SIGSTOP)
    if not wire_process.wait_stopped(pid):
        raise Failed("worker %d has ended before it was killed" % pid)
    ports = wire_process.peers_of(pid, server.port)
    for crowd in crowds:
        crowd.excuse(ports)
    os.kill(pid, signal.SIGKILL)
    return len(ports)
