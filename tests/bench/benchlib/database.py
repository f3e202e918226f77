"""The database that servers are asked for: a file of SQLite's, made afresh for each of them in a
folder of its own, which is gone when they have stopped."""

import os
import pathlib
import shutil
import sqlite3
import statistics
import tempfile
import time

ROWS = 10_000
FIRST_ID = 1_000_001  # all ids have seven digits: so all answers are of one length
SYNCS = 50
PAGE_BYTES = 4120  # of the log: a page and its head

SCHEMA = """
PRAGMA journal_mode=WAL;
CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL NOT NULL, note TEXT,
                   in_stock INTEGER NOT NULL);
"""


def row(number):
    note = None if number % 3 else "old"
    return (FIRST_ID + number, f"item {number:05}", 0.5 + number % 100, note, number % 2)


class Database:
    """One folder with the file; close() takes both away."""

    def __init__(self, root):
        self.folder = tempfile.mkdtemp(prefix="cgw-bench-", dir=root)
        self.path = os.path.join(self.folder, "items.db")
        database = sqlite3.connect(self.path)
        try:
            database.executescript(SCHEMA)
            with database:
                database.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?)",
                                     map(row, range(ROWS)))
        finally:
            database.close()

    def count(self):
        database = sqlite3.connect(self.path)
        try:
            return database.execute("SELECT count(*) FROM items").fetchone()[0] - ROWS
        finally:
            database.close()

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def root_of(place):
    """Where databases lie: $TMPDIR, else beside the results; on a disk, if they are to mean much."""
    return pathlib.Path(os.environ.get("TMPDIR") or place.results).resolve()


def file_system(folder):
    """The type of the file system that a folder lies on, such as "ext4"."""
    best, kind = "", "unknown"
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, mount, name = line.split()[:3]
        inside = mount == "/" or f"{folder}/".startswith(f"{mount}/")
        if inside and len(mount) >= len(best):
            best, kind = mount, name
    return kind


def sync_us(folder):
    """What it takes there to append a page and have it stay, in microseconds: the median."""
    taken = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(PAGE_BYTES))
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1e6


def disk(place):
    """What the figures of databases depend on."""
    root = root_of(place)
    return {"file_system": file_system(root), "sync_us": sync_us(root)}
