"""A database under the SDK: a crowd that reads and writes, workers that are killed, slow clients.

CGW_SQL_SECONDS makes the crowd's time longer.
"""
import json
import os
import re
import signal
import sqlite3
import threading
import time

from wire_lab import long, need, serves, until
from wire_peer import Failed

APP = "sdk_sql"
SECONDS = float(os.environ.get("CGW_SQL_SECONDS", "1"))
CLIENTS = 64


def file_of(lab, name):
    """A new file's path, and the environment that has it opened."""
    path = os.path.join(lab.bench.tmp, "%s-%d.db" % (name, time.monotonic_ns()))
    return path, {"SDK_SQL_URL": "sqlite:" + path}


def names(server):
    answer = server.ask("/rows")
    need(answer.status == 200, "status %d %r" % (answer.status, answer.body))
    return {row["name"] for row in json.loads(answer.body)}


def health(server):
    words = server.ask("/health").body.decode()
    return {word: float(value) for word, value in re.findall(r"(\w+) ([\d.]+)", words)}


class Crowd:
    """Clients on connections of their own, each in a thread; what they were answered is kept."""

    def __init__(self, server, n):
        self.server, self.is_over = server, False
        self.added, self.wrong, self.n_reads, self.lock = set(), [], 0, threading.Lock()
        self.threads = [threading.Thread(target=self._live, args=(i,), daemon=True) for i in range(n)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(60)
            need(not thread.is_alive(), "a client is never answered")

    def _live(self, number):
        nth = 0
        while not self.is_over:
            try:
                with self.server.connect(seconds=SECONDS + 60) as peer:
                    while not self.is_over:
                        nth += 1
                        self._turn(peer, "c%d-%d" % (number, nth), "/sync" if number % 8 == 7 else "")
            except (OSError, Failed) as error:
                with self.lock:
                    self.wrong.append("client %d: %s" % (number, error))
                time.sleep(0.05)

    def _turn(self, peer, name, prefix):
        answer = peer.ask("%s/rows/%s" % (prefix, name), method="POST")
        with self.lock:
            if answer.status == 201:
                self.added.add(name)
            else:
                self.wrong.append("POST: %d %r" % (answer.status, answer.body))
                return
        answer = peer.ask("/rows/" + name)
        with self.lock:
            self.n_reads += 1
            if answer.status != 200 or json.loads(answer.body)["name"] != name:
                self.wrong.append("GET: %d %r" % (answer.status, answer.body))


def crowded(lab, options):
    """No lost write, no error at a client, what was written is read by who wrote it; at once on one
    file by all workers."""
    _, env = file_of(lab, "crowd")
    server = lab.serve(APP, ["--threads", "16", *options], env=env)
    crowd = Crowd(server, CLIENTS)
    time.sleep(SECONDS)
    crowd.stop()
    need(not crowd.wrong, "%d answers: %s" % (len(crowd.wrong), crowd.wrong[:3]))
    need(len(crowd.added) >= CLIENTS and crowd.n_reads >= CLIENTS, "it was calm: %d" % len(crowd.added))
    need(names(server) == crowd.added, "rows are lost, or made up")
    seen = health(server)
    need(seen["largest"] > 1 or len(options) > 0, "no writes shared a commit")
    need(seen["lag"] < 0.5 * lab.slow, "the loop was held for %s s" % seen["lag"])
    need(seen["queued"] == 0 and seen["errors"] == 0, str(seen))


@long
def case_a_crowd_reads_and_writes(lab):
    crowded(lab, ())


@long
def case_two_workers_share_a_file(lab):
    crowded(lab, ("--workers", "2"))


@long
def case_a_killed_worker_loses_no_write_that_was_answered(lab):
    _, env = file_of(lab, "killed")
    server = lab.serve(APP, env=env, may_lose_workers=True)
    crowd = Crowd(server, 16)
    kills = 3
    for _ in range(kills):
        before = len(crowd.added)
        until(lambda: len(crowd.added) > before + 20, "nothing is written", 20 * lab.slow)
        old = server.workers()
        os.kill(old[0], signal.SIGKILL)
        server.wait_workers(lambda now, was=old: now and not set(now) & set(was), "no new worker", 20 * lab.slow)
    crowd.stop()
    lost = crowd.added - names(server)
    need(not lost, "of %d answered writes %d are lost: %s" % (len(crowd.added), len(lost), sorted(lost)[:3]))


@serves(APP)
def case_a_conflict_is_a_409_and_a_transaction_all_or_nothing(server):
    need(server.ask("/rows/one", method="POST").status == 201, "the first")
    answer = server.ask("/rows/one", method="POST")
    need(answer.status == 409 and b"it is there" in answer.body, "%d %r" % (answer.status, answer.body))
    need(server.ask("/rows/two").status == 404, "no row")
    need(server.ask("/transfer/400", method="POST").status == 204, "a transfer")
    need(server.ask("/transfer/700", method="POST").status == 409, "more than there is")
    need(server.ask("/sum").body == b"3000 600", "the sum: %r" % server.ask("/sum").body)


def case_a_timeout_interrupts_what_reads(lab):
    _, env = file_of(lab, "timeout")
    server = lab.serve(APP, env=env)
    need(server.ask("/for-ever").status == 504, "no timeout")
    need(health(server)["busy"] == 0, "it still runs")


def case_a_slow_client_slows_only_itself(lab):
    _, env = file_of(lab, "slow")
    server = lab.serve(APP, env=env)
    with server.connect(receive_buffer=4096) as slow:
        slow.request("/many/100000")
        slow.head()
        need(server.ask("/sum").status == 200, "others wait")
        need(server.ask("/rows/x", method="POST").status == 201, "writers wait")
        rows = json.loads(server.ask("/many/5000").body)
        need(rows[-1]["id"] == 5000 and len(rows) == 5000, "%d rows" % len(rows))
    until(lambda: health(server)["busy"] == 0, "the thread is not given back", 10 * lab.slow)
    with server.connect() as peer:
        peer.request("/unfit")
        peer.head()
        peer.body()
        need(peer.response.cut, "a result that breaks off looks whole")
    server.wait_log(r"column name does not fit Row\.name: it is NULL")


def case_a_file_that_is_newer_is_refused(lab):
    path, env = file_of(lab, "newer")
    lab.serve(APP, env=env)
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version=9")
    server = lab.serve(APP, env=env, wait=False)
    server.wait_log(r"migrated to 9, but this program knows no more than 2", 10 * lab.slow)
    need(server.wait() == 3, "exit code %d" % server.exit_code)
